"""A first look at the whole document: how each name is used, before anything is given a meaning.

Notes define things slides away and use letters by habit.  The survey collects evidence (is `x` ever subscripted,
transposed, applied, differentiated?) so that the elaborator can decide by the document and not by the letter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from deriv.latex.nodes import (
    Additive,
    BigOp,
    Chain,
    Deriv,
    Differential,
    Function,
    Group,
    Items,
    Nabla,
    Name,
    Node,
    Number,
    Product,
    Script,
    Symbol,
)
from deriv.meaning.expectations import random_names
from deriv.meaning.names import base_name, canonical, children, is_index_letter, is_letter


@dataclass(frozen=True, slots=True)
class Kind:
    """The shape of a symbol: 0, 1 or 2 axes; a vector may stand as a row."""

    rank: int
    row: bool = False


_MAX_COMPOSITIONS = 24
ENTRYWISE_SIGNS = frozenset(("odot", "circ"))

KindKey = tuple[str, bool, int]
"""A name with its numbered superscripts, whether it is set in bold, and how many subscripts it carries."""


@dataclass
class Survey:
    """Evidence by canonical name."""

    bound_letters: set[str] = field(default_factory=set)
    letter_subscripts: Counter[str] = field(default_factory=Counter)
    number_subscripts: Counter[str] = field(default_factory=Counter)
    two_subscripts: Counter[str] = field(default_factory=Counter)
    sup_indices: Counter[str] = field(default_factory=Counter)
    sup_letters: Counter[str] = field(default_factory=Counter)
    counting_above: set[str] = field(default_factory=set)
    """Letters that stand above a variable of differentiation: they count layers or steps everywhere."""
    index_letters: Counter[str] = field(default_factory=Counter)
    numeral_labels: set[str] = field(default_factory=set)
    bare: Counter[str] = field(default_factory=Counter)
    bold: set[str] = field(default_factory=set)
    bold_subscripted: set[str] = field(default_factory=set)
    vector_members: set[tuple[str, str]] = field(default_factory=set)
    """Names transposed with a subscript on them, and whether that is a "number" or a "letter": `u_1^T S u_1`."""
    plain_vectors: Counter[str] = field(default_factory=Counter)
    transposed: Counter[str] = field(default_factory=Counter)
    named: set[str] = field(default_factory=set)
    """Names that stand alone on the left of an equation."""
    heads: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
    primed: Counter[str] = field(default_factory=Counter)
    numerators: Counter[str] = field(default_factory=Counter)
    denominators: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    declared_rank: dict[tuple[str, bool], int] = field(default_factory=dict)
    declared_rows: dict[tuple[str, bool], bool] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    beside: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    directions: dict[tuple[str, bool], Node] = field(default_factory=dict)
    """Names with a free d in front, bold or not, and how they are written."""
    marks_entrywise: bool = False
    """Whether entrywise products have a sign of their own somewhere."""
    random: set[str] = field(default_factory=set)
    """Names of random variables."""
    changes: int = 0
    """How often a free d stands in front of more than a name."""
    group_args: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    compositions: dict[str, dict[str, tuple[Node, ...]]] = field(default_factory=lambda: defaultdict(dict))
    """The lists of arguments that each name is applied to, by the letters in them."""

    def rank(self, name: str, *, bold: bool) -> int | None:
        """0, 1 or 2 axes for the bare name as it is set, as far as its use tells; None when nothing does.

        Bold and plain letters are one symbol, but where a document sets vectors in bold a plain letter is a scalar.
        """
        if (name, bold) in self.declared_rank:
            return self.declared_rank[name, bold]
        capital = name[:1].isupper() or name.startswith(("bb", "cal"))
        if capital and self.two_subscripts[name] and (bold or name not in self.bold):
            return 2
        if bold or self.plain_vectors[name]:
            return 2 if capital else 1
        if capital and any(self._is_plain_vector(other) for other in self.beside[name]):
            return 2
        return self.declared_rank.get((name, True)) if name not in self.bold else None

    def _is_plain_vector(self, name: str) -> bool:
        return self.plain_vectors[name] > 0 or self.declared_rank.get((name, False), 0) == 1

    def add(self, root: Node) -> None:
        """Take in one formula."""
        if isinstance(root, Chain):
            self._chain_heads(root)
        stack = [root]
        while stack:
            node = stack.pop()
            self._one(node)
            self.random.update(random_names(node))
            stack.extend(self._below(node))

    def _below(self, node: Node) -> Iterable[Node]:
        # The base of a Script is counted with its scripts, so that `x_j` is no bare `x`.
        if isinstance(node, Script) and isinstance(node.base, Name):
            return [part for part in (node.sub, node.sup) if part is not None]
        return children(node)

    def _one(self, node: Node) -> None:
        match node:
            case Name():
                self.seen[canonical(node)] += 1
                self.bare[canonical(node)] += 1
                self._font(node)
            case Script(base=Name() as name):
                self._script(canonical(name), name, node)
            case Product():
                self.marks_entrywise = self.marks_entrywise or not ENTRYWISE_SIGNS.isdisjoint(node.ops)
                self._product(node)
            case Deriv():
                self._derivative(node)
            case Nabla(by=Name() | Script() as by):
                self.denominators[base_name(by) or ""] += 1
            case Differential(body=Name() | Script(base=Name()) as body):
                self.directions.setdefault((base_name(body) or "", is_bold(body)), body)
            case Differential():
                self.changes += 1
            case BigOp(kind="sum" | "prod", sub=sub, sup=sup):
                self._bounds(sub, sup)
            case _:
                pass

    def _font(self, name: Name) -> None:
        if is_bold(name) and not name.text.isdigit():
            self.bold.add(canonical(name))

    def _script(self, key: str, name: Name, node: Script) -> None:
        self.seen[key] += 1
        self._font(name)
        if node.primes:
            self.primed[key] += 1
        kinds = list(map(index_kind, parts_of(node.sub))) if node.sub is not None else []
        if kinds and all(kind == "letter" for kind in kinds):
            self.letter_subscripts[key] += 1
        elif kinds and all(kind in ("letter", "number") for kind in kinds):
            self.number_subscripts[key] += 1
        for part in parts_of(node.sub):
            if isinstance(part, Name):
                self.index_letters[part.text] += 1
        if len(kinds) == 2 and all(kinds):
            self.two_subscripts[key] += 1
        if kinds and name.font == "bf":
            self.bold_subscripted.add(key)
        if len(kinds) == 1 and kinds[0] and is_transposed(node):
            self.vector_members.add((key, kinds[0]))
        if node.sub is None and node.sup is None:
            self.bare[key] += 1
        self._superscript(key, node.sup, bold=is_bold(name))

    def _superscript(self, key: str, sup: Node | None, *, bold: bool) -> None:
        for part in superscript_parts(sup):
            if isinstance(part, Group):
                self.sup_indices[key] += 1
                self.sup_letters[key] += not isinstance(part.body, Number)
            elif is_transpose(part):
                self.transposed[key] += 1
                self.plain_vectors[key] += not bold
            elif isinstance(part, Number) and part.text == "1":
                self.numeral_labels.add(key)  # a first power is never written

    def _product(self, node: Product) -> None:
        first, second = node.factors[:2]
        if isinstance(first, Name) and first.text == "d" and isinstance(second, Group | Function) and node.ops[0] == "":
            self.changes += 1
        for k, op in enumerate(node.ops):
            left, right = node.factors[k], node.factors[k + 1]
            name, other = base_name(left), base_name(right)
            group = right.base if isinstance(right, Script) else right
            if op == "" and name and isinstance(group, Group) and group.open == "(" and _plain_name(left):
                self.applied[name] += 1
                self._arguments(name, group.body)
            if op == "" and name and other and not is_bold(left):
                self.beside[name].add(other)
            if op == "" and name and other and is_transposed(left):
                for key, part in ((name, left), (other, right)):
                    if not is_bold(part) and not _is_number_like(part):
                        self.plain_vectors[key] += 1

    def _arguments(self, name: str, body: Node) -> None:
        items = body.items if isinstance(body, Items) else (body,)
        key = ",".join(map(_composition_key, items))
        listed = not (isinstance(body, Items) and "|" in body.separators) and all(map(_is_name_or_call, items))
        if listed and len(self.compositions[name]) < _MAX_COMPOSITIONS:
            self.compositions[name].setdefault(key, items)
        self.group_args[name].add(argument_key(body))

    def _derivative(self, node: Deriv) -> None:
        name = base_name(function_head(node.body)) if node.ratio and node.body is not None else None
        if name:
            self.numerators[name] += 1
        for variable, _ in node.by:
            by = base_name(variable)
            if by:
                self.denominators[by] += 1
                self._counts_by_superscript(by, variable)

    def _counts_by_superscript(self, name: str, variable: Node) -> None:
        """Nobody differentiates by a power: a letter above a variable is an index."""
        if isinstance(variable, Script) and isinstance(variable.sup, Name) and is_index_letter(variable.sup):
            self.sup_indices[name] += 1
            self.counting_above.add(variable.sup.text)

    def _bounds(self, sub: Node | None, sup: Node | None) -> None:
        for letter in _counters(sub):
            if is_letter(letter) and isinstance(letter, Name):
                self.bound_letters.add(letter.text)
        top = base_name(sup) if sup is not None else None
        if top:
            self.sizes.add(top)

    def _chain_heads(self, chain: Chain) -> None:
        head = chain.parts[0]
        if isinstance(head, Name) and chain.relations[0].text in ("=", ":=", "def"):
            self.named.add(canonical(head))
        if isinstance(head, Product) and len(head.factors) == 2 and head.ops == ("",):
            name = base_name(head.factors[0])
            group = head.factors[1]
            if name and isinstance(group, Group) and group.open == "(" and plain_arguments(group.body):
                self.heads[name] += 1
                self.bound_letters |= _counting_arguments(group.body, chain)
        if isinstance(head, Script) and isinstance(head.sub, Name):
            self.bound_letters |= _counting_arguments(head.sub, chain)
        if isinstance(head, Script) and head.sup is not None and isinstance(head.sup, Additive):
            name = base_name(head)
            if name:
                self.sup_indices[name] += 1  # w^{t+1} = … : a step number, not a power


def _counting_arguments(arguments: Node, chain: Chain) -> set[str]:
    """The a of `π(a) = e^{H_a} / \\sum_b e^{H_b}`: an argument that picks a member of a family is an index."""
    names = {part.text for part in (arguments, *children(arguments)) if isinstance(part, Name) and is_letter(part)}
    subscripts: dict[str, set[str]] = {}
    bound: set[str] = set()
    stack: list[Node] = [chain]
    while stack:
        node = stack.pop()
        stack.extend(children(node))
        if isinstance(node, Script) and isinstance(node.base, Name) and isinstance(node.sub, Name):
            subscripts.setdefault(canonical(node.base), set()).add(node.sub.text)
        elif isinstance(node, BigOp) and node.kind in ("sum", "prod"):
            bound |= {part.text for part in _counters(node.sub) if isinstance(part, Name)}
    return {letter for found in subscripts.values() if found & bound for letter in found & names}


def _counters(sub: Node | None) -> tuple[Node, ...]:
    """What stands below a sum, before its `=`."""
    return tuple(
        letter for part in parts_of(sub) for letter in parts_of(part.parts[0] if isinstance(part, Chain) else part)
    )


def parts_of(node: Node | None) -> tuple[Node, ...]:
    """The parts of a subscript: `ij`, `i,j` and `i1` are two."""
    match node:
        case None:
            return ()
        case Items(items=items):
            return tuple(part for item in items for part in parts_of(item))
        case Product(factors=factors, ops=ops) if not any(ops):
            return factors
        case _:
            return (node,)


def superscript_parts(sup: Node | None) -> tuple[Node, ...]:
    """The parts of a superscript: `[i]T` is an index and a transpose, `2x` one exponent."""
    if isinstance(sup, Product) and not any(sup.ops) and all(map(_is_mark, sup.factors)):
        return sup.factors
    return (sup,) if sup is not None else ()


def index_kind(node: Node) -> str:
    """What a part of a subscript is: "letter", "number" or nothing of the kind."""
    if is_index_letter(node):
        return "letter"
    if isinstance(node, Number) and node.text.isdigit():
        return "number"
    if isinstance(node, Additive) and all(index_kind(term) for term in node.terms):
        return "letter"
    return ""


def is_transpose(node: Node) -> bool:
    """`T`, `\\top`, `\\intercal` as a superscript."""
    if isinstance(node, Symbol):
        return node.text == "top"
    return isinstance(node, Name) and node.text == "T" and not node.accents


def _is_mark(node: Node) -> bool:
    return is_transpose(node) or (isinstance(node, Group) and bool(index_kind(node.body)))


def is_transposed(node: Node) -> bool:
    """Whether a transpose is written on a symbol."""
    return isinstance(node, Script) and any(map(is_transpose, superscript_parts(node.sup)))


def _plain_name(node: Node) -> bool:
    return isinstance(node, Name) or (isinstance(node, Script) and isinstance(node.base, Name))


def is_bold(node: Node) -> bool:
    """Whether a name is set as a vector: bold, or with an arrow."""
    while isinstance(node, Script):
        node = node.base
    return isinstance(node, Name) and (node.font == "bf" or "vec" in node.accents)


def _is_number_like(node: Node) -> bool:
    """A subscripted plain symbol such as `x_1` may be an entry."""
    return isinstance(node, Script) and any(index_kind(part) == "number" for part in parts_of(node.sub))


def function_head(node: Node) -> Node:
    """`L` of `L(w, b)`: the name in front of an argument list."""
    if isinstance(node, Product) and len(node.factors) == 2 and isinstance(node.factors[1], Group):
        return node.factors[0]
    return node


def plain_arguments(node: Node) -> bool:
    """Whether an argument list holds only symbols, as in the head of a definition."""
    match node:
        case Name():
            return True
        case Script(base=Name(), sup=sup, primes=0):  # \sigma^2 among the parameters is σ
            return sup is None or isinstance(sup, Group) or (isinstance(sup, Number) and sup.text == "2")
        case Items(items=items):
            return all(plain_arguments(item) or isinstance(item, Symbol) for item in items)
        case _:
            return False


def argument_key(node: Node) -> str:
    """Which symbols stand in an argument list, for telling `u(x)` (always the same) from a product."""
    if isinstance(node, Items):
        return ",".join(argument_key(item) for item in node.items)
    return base_name(node) or "?"


def _is_name_or_call(node: Node) -> bool:
    """`x`, `g(x)`, `h(x, y)`."""
    if isinstance(node, Name):
        return True
    head = function_head(node)
    if head is node or not isinstance(head, Name) or not isinstance(node, Product):
        return False
    return isinstance(node.factors[1], Group) and plain_arguments(node.factors[1].body)


def _composition_key(node: Node) -> str:
    """The letters of one argument: `g(x)` and `g(t)` are two."""
    head = function_head(node)
    if head is node:
        return base_name(node) or "?"
    inner = node.factors[1] if isinstance(node, Product) else node
    return f"{base_name(head)}({argument_key(inner.body) if isinstance(inner, Group) else '?'})"
