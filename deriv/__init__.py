"""deriv catches calculus mistakes: it reads derivations, judges every step and proves what it says.

    >>> import deriv
    >>> report = deriv.check(r"$$\\frac{d}{dx} \\sin(x^2) = \\cos(x^2)$$")
    >>> report.steps[0].verdict.value
    'refuted'

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deriv.api import check, code, parse
    from deriv.engine.api import derive
    from deriv.expr import losses, networks
    from deriv.training.api import train
    from deriv.training.check import assert_gradient, gradcheck

__version__ = "0.1.0"

_HOMES = {
    "assert_gradient": ("deriv.training.check", "assert_gradient"),
    "check": ("deriv.api", "check"),
    "parse": ("deriv.api", "parse"),
    "derive": ("deriv.engine.api", "derive"),
    "code": ("deriv.api", "code"),
    "gradcheck": ("deriv.training.check", "gradcheck"),
    "train": ("deriv.training.api", "train"),
    "losses": ("deriv.expr.losses", None),
    "networks": ("deriv.expr.networks", None),
}

__all__ = [
    "__version__",
    "assert_gradient",
    "check",
    "code",
    "derive",
    "gradcheck",
    "losses",
    "networks",
    "parse",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deriv' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    home = import_module(module)
    return home if attribute is None else getattr(home, attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
