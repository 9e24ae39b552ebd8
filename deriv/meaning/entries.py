"""`a_{ij}` beside a matrix A: its entries, which nearly all notes write with the small letter.

`A = (a_{ij})` and "with entries a_{ij}" say so.  Without a word it may only help: what holds with the small letters as
the entries is reported with that as its assumption, and what does not hold is left to the other readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from deriv.expr.nodes import Entry, Expr
from deriv.expr.substitute import rebuild, same_or
from deriv.expr.tensor import Tensor
from deriv.latex.nodes import Chain, Group, Name, Node, Script
from deriv.meaning.names import base_name, canonical
from deriv.meaning.survey import is_bold, parts_of

if TYPE_CHECKING:
    from deriv.meaning.scope import Definition, Scope

Entries = Mapping[str, str]
"""Matrices by the names of their entries."""


def stated(matrix: Node, listed: Node) -> str | None:
    """The name of the entries of a matrix in `A = (a_{ij})`, `A = [a_{ij}]_{m \\times n}`."""
    if not isinstance(matrix, Name):
        return None
    listed = listed.base if isinstance(listed, Script) else listed
    if not (isinstance(listed, Group) and listed.open in ("(", "[") and isinstance(listed.body, Script)):
        return None
    entry, name = listed.body, base_name(listed.body)
    indices = parts_of(entry.sub)
    letters = [part for part in indices if isinstance(part, Name) and len(part.text) == 1]
    if entry.sup is not None or entry.primes or not len(indices) == len(letters) == 2:
        return None
    return name


def is_statement(node: Node) -> bool:
    """Whether a formula says how the entries of a matrix are called: it is no equation to learn shapes from."""
    if not isinstance(node, Chain) or node.parts[0] is None or node.parts[1] is None:
        return False
    return stated(node.parts[0], node.parts[1]) is not None


def take_in(scope: Scope, matrix: Node, listed: Node) -> bool:
    """Keep which matrix a name is the entry of, where an equation says it."""
    name = stated(matrix, listed)
    if name is None or not isinstance(matrix, Name):
        return False
    scope.survey.declared_rank.setdefault((canonical(matrix), is_bold(matrix)), 2)
    scope.placed.add(name)
    if name != canonical(matrix):
        known = scope.entries.setdefault(name, canonical(matrix))
        if known != canonical(matrix):  # said of two matrices
            scope.entries[name] = ""
    return True


def name_entries(scope: Scope, name: str) -> None:
    """Take a letter as the entries of the matrix with its capital, where the document has such a letter."""
    if name[:1].islower() and scope.survey.seen[_capital(name)]:
        scope.entries.setdefault(name, _capital(name))


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def told_entries(scope: Scope) -> Entries:
    """What the text says about entries."""
    return {name: matrix for name, matrix in scope.entries.items() if matrix}


def likely_entries(scope: Scope, names: Iterable[str]) -> Entries:
    """Small letters that stand beside their capitals and can hardly be anything but the entries."""
    names = frozenset(names)
    capitals = {name: _capital(name) for name in names if name[:1].islower()}
    return {
        name: matrix
        for name, matrix in capitals.items()
        if matrix in names and name not in scope.entries and _has_only_entries(scope, name, matrix)
    }


def _has_only_entries(scope: Scope, name: str, matrix: str) -> bool:
    """Whether one letter is never seen without two indices, and the other never with them."""
    survey = scope.survey
    twice = survey.two_subscripts[name]
    if not twice or survey.two_subscripts[matrix] or survey.bare[name]:
        return False
    if survey.letter_subscripts[name] + survey.number_subscripts[name] > twice:
        return False  # x_{ij} of a vector x_i may stand in a column of X
    declared = any((name, bold) in survey.declared_rank for bold in (False, True))
    return not declared and name not in scope.grids and scope.lookup(name) is None


def entries_in_words(entries: Entries) -> tuple[str, ...]:
    """The assumption that small letters are entries, in words."""
    return tuple(f"{name}_ij is the entry of {entries[name]} in row i and column j" for name in sorted(entries))


def as_entries(expr: Expr, entries: Entries) -> Expr:
    """An expression with the entries under the name of their matrix."""

    def visit(node: Expr, children: tuple[Expr, ...]) -> Expr:
        node = same_or(node, children)
        if isinstance(node, Entry) and node.name in entries and len(node.indices) - node.sups == 2:
            return Entry(entries[node.name], node.indices, node.sups)
        return node

    return rebuild(expr, visit) if entries else expr


def of_matrix(definition: Definition, entries: Entries) -> Definition:
    """A definition with the entries under the name of their matrix, also where it is one of them that is defined."""
    name = definition.name
    if name in entries and definition.form == "family" and len(definition.params) - definition.sups == 2:
        name = entries[name]
    if not isinstance(definition.body, Tensor):
        return replace(definition, name=name, body=definition.body.map(lambda part: as_entries(part, entries)))
    return replace(definition, name=name, body=replace(definition.body, body=as_entries(definition.body.body, entries)))
