r"""A second, independent reader of formulas (latex2sympy2), asked for comparison only: it never makes a verdict.

It lives in a process of its own (`child`), often in an environment of its own, because it keeps state between formulas,
brings an old ANTLR runtime and installs packages with names such as `tests`.
"""
