"""An order of bound indices that does not depend on what they are called.

Indices are told apart by how they occur (colour refinement); those that still look alike are tried in turn
(B. D. McKay, A. Piperno, "Practical graph isomorphism, II", Journal of Symbolic Computation 60, 2014).  All orders
that remain are handed out: the caller takes the smallest form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from deriv.equal.budget import TooLarge
from deriv.equal.field import Field, Kernel, Poly, Rat

_MOST_ORDERS = 120


def orders(space: Field, classes: Mapping[str, int], body: Rat) -> Iterator[list[str]]:
    """Orders of the names in `classes` (name to the number of its range), ranges first, then by their place in `body`.

    Two bodies that differ only in the names give the same set of forms.
    """
    if len(classes) == 1:
        yield list(classes)
        return
    reader = _Reader(space, body)
    start = {name: (number, "") for name, number in classes.items()}
    for count, order in enumerate(_leaves(reader, _refined(reader, start))):
        if count >= _MOST_ORDERS:
            raise TooLarge("too many nested sums")
        yield order


Colours = dict[str, tuple[int, str]]


def _leaves(reader: _Reader, colours: Colours) -> Iterator[list[str]]:
    groups: dict[tuple[int, str], list[str]] = {}
    for name, colour in colours.items():
        groups.setdefault(colour, []).append(name)
    ranked = sorted(groups)
    alike = next((groups[colour] for colour in ranked if len(groups[colour]) > 1), None)
    if alike is None:
        yield [groups[colour][0] for colour in ranked]
        return
    for name in alike:
        chosen = dict(colours)
        chosen[name] = (colours[name][0], colours[name][1] + "!")
        yield from _leaves(reader, _refined(reader, chosen))


def _refined(reader: _Reader, colours: Colours) -> Colours:
    """Colours split by occurrence until nothing splits any more."""
    count = len(set(colours.values()))
    while count < len(colours):
        seen = reader.occurrences({name: f"{number}.{text}" for name, (number, text) in colours.items()})
        finer = {name: (number, f"{text}|{seen[name]}") for name, (number, text) in colours.items()}
        ranks = {colour: f"{rank:03}" for rank, colour in enumerate(sorted(set(finer.values())))}
        colours = {name: (colour[0], ranks[colour]) for name, colour in finer.items()}
        if len(ranks) == count:
            break
        count = len(ranks)
    return colours


class _Reader:
    """Descriptions of the factors of one term in which names are replaced by their colours."""

    def __init__(self, space: Field, body: Rat) -> None:
        self.space = space
        self.factors: list[tuple[frozenset[str], int | Poly, Fraction]] = []
        for number, degree in enumerate(body.num.degrees()):
            if degree > 0:
                exponent = Fraction(int(degree), space.radix.get(number, 1))
                self.factors.append((space.kernels[number].names, number, exponent))
        if body.den != space.one:
            names = space.names(Rat(body.den, space.one))
            self.factors.append((names, body.den, Fraction(-1)))

    def occurrences(self, colours: dict[str, str]) -> dict[str, str]:
        """For each name the factors that it stands in, as seen from it."""
        found = {}
        for name, colour in colours.items():
            marked = {**colours, name: "*" + colour}
            texts = [
                f"{self._factor(factor, marked)}^{exponent}"
                for names, factor, exponent in self.factors
                if name in names
            ]
            found[name] = ";".join(sorted(texts))
        return found

    def _factor(self, factor: int | Poly, colours: dict[str, str]) -> str:
        return self._kernel(factor, colours) if isinstance(factor, int) else self._poly(factor, colours)

    def _poly(self, poly: Poly, colours: dict[str, str]) -> str:
        terms = []
        for monomial, coefficient in poly.terms():
            parts = [
                f"{self._kernel(k, colours)}^{Fraction(int(e), self.space.radix.get(k, 1))}"
                for k, e in enumerate(monomial)
                if e
            ]
            terms.append(f"{abs(coefficient)}*{'*'.join(sorted(parts))}")
        return "(" + "+".join(sorted(terms)) + ")"

    def _rat(self, rat: Rat, colours: dict[str, str]) -> str:
        top = self._poly(rat.num, colours)
        return top if rat.den == self.space.one else f"{top}/{self._poly(rat.den, colours)}"

    def _kernel(self, number: int, colours: dict[str, str]) -> str:
        kernel = self.space.kernels[number]
        if kernel.names.isdisjoint(colours):
            return f"#{number}"
        match kernel.kind:
            case "sym":
                return f"<{colours[str(kernel.data[0])]}>"
            case "sum" | "product":
                inner = {**colours, **{str(name): f"s{kernel.height}" for name in kernel.data}}
                return self._call(kernel, [self._rat(arg, inner) for arg in kernel.args], str(len(kernel.data)))
            case "inverse" | "det":
                return self._matrix(kernel, colours)
        args = [self._rat(arg, colours) for arg in kernel.args]
        if kernel.kind == "entry" and len(args) >= 2 and self.space.domain.is_symmetric(str(kernel.data[0])):
            args = [*args[:-2], *sorted(args[-2:])]
        return self._call(kernel, args, str(kernel.data))

    def _matrix(self, kernel: Kernel, colours: dict[str, str]) -> str:
        """Direction counts only where transposing the matrix was decided without looking at names."""
        row, col = str(kernel.data[0]), str(kernel.data[1])
        args = [self._rat(arg, colours) for arg in kernel.args[3:]]
        fixed = (self.space.names(kernel.args[2]) - {row, col}).isdisjoint(colours)
        if not fixed or kernel.data[2]:
            args.sort()
        inner = {**colours, row: "m", col: "m"}
        return self._call(kernel, [*args, *(self._rat(arg, inner) for arg in kernel.args[:3])], "")

    @staticmethod
    def _call(kernel: Kernel, args: list[str], data: str) -> str:
        return f"{kernel.kind}{data}[{','.join(args)}]"
