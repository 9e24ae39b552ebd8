"""Surface trees as compact text, so that expected trees fit on a line of a table."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from deriv.latex import nodes as n


def sexp(node: Any) -> str:
    """A short, unambiguous text of a tree without spans."""
    match node:
        case None:
            return "_"
        case n.Number():
            return node.text
        case n.Name():
            return ".".join([node.text, *node.accents, *([node.font] if node.font else [])])
        case n.Symbol():
            return f":{node.text}"
        case n.Text():
            return f'"{node.text}"'
        case n.Script():
            parts = [f"_{sexp(node.sub)}"] if node.sub is not None else []
            parts += [f"^{sexp(node.sup)}"] if node.sup is not None else []
            return f"{sexp(node.base)}{'`' * node.primes}{''.join(parts)}"
        case n.Group():
            return f"{node.open}{sexp(node.body)}{node.close}" if node.open != "|at" else f"(at {sexp(node.body)})"
        case n.Items():
            return (
                "(list "
                + "".join(
                    sexp(item) + (f" {separator} " if separator else "")
                    for item, separator in zip(node.items, (*node.separators, ""), strict=True)
                )
                + ")"
            )
        case n.Product():
            words = [sexp(node.factors[0])]
            for op, factor in zip(node.ops, node.factors[1:], strict=True):
                words += [op, sexp(factor)] if op else [sexp(factor)]
            return f"(* {' '.join(words)})"
        case n.Additive():
            return "(" + " ".join(s + sexp(t) for s, t in zip(node.signs, node.terms, strict=True)) + ")"
        case n.Chain():
            words = [sexp(node.parts[0])]
            for relation, part in zip(node.relations, node.parts[1:], strict=True):
                words += [relation.text, sexp(part)]
            return f"[{' '.join(words)}]"
        case n.Deriv():
            by = ",".join(sexp(v) + (f"*{order}" if order > 1 else "") for v, order in node.by)
            return f"(D{'' if node.ratio else 'op'} {node.kind} {sexp(node.body)} / {by})"
        case n.Function():
            scripts = "`" * node.primes
            scripts += f"_{sexp(node.sub)}" if node.sub is not None else ""
            scripts += f"^{sexp(node.sup)}" if node.sup is not None else ""
            return f"({node.name}{scripts} {sexp(node.arg)})"
        case n.BigOp():
            tail = f" d {sexp(node.differential)}" if node.differential is not None else ""
            return f"({node.kind} {sexp(node.sub)} {sexp(node.sup)} {sexp(node.body)}{tail})"
        case n.Matrix():
            rows = "; ".join(" ".join(sexp(cell) for cell in row) for row in node.rows)
            return f"({node.env} {rows})"
        case n.CasesOf():
            return "(cases " + "; ".join(f"{sexp(v)} if {sexp(c)}" for v, c in node.rows) + ")"
        case tuple() | list():
            return " ".join(sexp(item) for item in node)
        case str() | int() | bool():
            return str(node)
        case n.Node():
            values = [getattr(node, f.name) for f in fields(node) if f.name != "span"]
            return f"({type(node).__name__} {' '.join(sexp(v) for v in values)})"
    raise TypeError(type(node).__name__)
