"""Free names, capture-avoiding substitution and depth of expressions.

All walks are loops over shared nodes: a deep tree costs time, never the interpreter's stack.  Only binders (`Sum`,
`Product`, `Inverse`, `Det`, `Limit`, `Integral`, `Derivative`) recurse, and those are nested a handful deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from deriv.expr.nodes import Derivative, Det, Entry, Expr, Integral, Inverse, Limit, Product, Sum, Sym, walk

_BINDERS = (Sum, Product, Limit, Integral)
_MATRICES = (Inverse, Det)
_ALL_BINDERS = (*_BINDERS, *_MATRICES)


def post_order(root: Expr) -> Iterator[Expr]:
    """Every distinct object below `root`, children before parents."""
    done: set[int] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if ready or not node.children:
            done.add(id(node))
            yield node
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.children))


def depth(root: Expr) -> int:
    """The number of nodes on the longest path down."""
    levels: dict[int, int] = {}
    for node in post_order(root):
        levels[id(node)] = 1 + max((levels[id(child)] for child in node.children), default=0)
    return levels[id(root)]


def bound_name(node: Expr) -> str | None:
    """The name a node binds, if it binds just one (a sum, a product, a limit or an integral)."""
    if isinstance(node, _BINDERS):
        return node.data[0]  # type: ignore[return-value]
    return None


def bound_names(node: Expr) -> tuple[str, ...]:
    """All names a node binds: one, or row and column of a matrix, or none."""
    if isinstance(node, _MATRICES):
        return node.data  # type: ignore[return-value]
    return (node.data[0],) if isinstance(node, _BINDERS) else ()  # type: ignore[return-value]


def _bound_part(node: Expr) -> int:
    """Which child of a binder is under the binding."""
    return 0 if isinstance(node, (Limit, Integral)) else 2


def free_symbols(root: Expr) -> frozenset[str]:
    """Names of symbols (indices included) that are not bound within `root`; every node remembers its own."""
    stack = [root]
    while stack:
        node = stack[-1]
        if node.free is not None:
            stack.pop()
            continue
        unknown = [child for child in node.children if child.free is None]
        if unknown:
            stack.extend(unknown)
            continue
        _learn(node)
        stack.pop()
    assert root.free is not None
    return root.free


def bound_below(root: Expr) -> frozenset[str]:
    """Names that are bound anywhere in an expression."""
    free_symbols(root)
    return root.bound


def has_derivative(root: Expr) -> bool:
    """Whether an expression holds a derivative that is not carried out."""
    free_symbols(root)
    return root.derives


def _learn(node: Expr) -> None:
    """Keep what a node whose parts know theirs has free and bound below."""
    children = node.children
    free, bound, derives = _NONE, _NONE, isinstance(node, Derivative)
    if isinstance(node, Sym):
        free = frozenset((node.name,))
    elif isinstance(node, _ALL_BINDERS):
        own = frozenset(bound_names(node))
        parts = [child.free or _NONE for child in children]
        parts[_bound_part(node)] -= own
        free, bound = _union(parts), _union([own, *[child.bound for child in children]])
        derives = any(child.derives for child in children)
    elif children:
        free, bound = _union([child.free or _NONE for child in children]), _union([child.bound for child in children])
        derives = derives or any(child.derives for child in children)
    _set_free(node, free)
    _set_bound(node, bound)
    _set_derives(node, derives)


_NONE: frozenset[str] = frozenset()
_SLOTS = vars(Expr)
_set_free, _set_bound, _set_derives = (_SLOTS[name].__set__ for name in ("free", "bound", "derives"))


def _union(parts: list[frozenset[str]]) -> frozenset[str]:
    """All the names; where one part has them all already, that very set."""
    whole = _NONE
    for part in parts:
        if whole is not part and not part <= whole:
            whole = part if whole <= part else whole | part
    return whole


def families(root: Expr) -> frozenset[str]:
    """Names of the indexed families below `root`."""
    return frozenset(node.name for node in walk(root) if isinstance(node, Entry))


def fresh_name(stem: str, taken: Iterable[str]) -> str:
    """A bound name `stem.N` that no name in `taken` has; the same for the same input."""
    stem = stem.partition(".")[0]
    numbers = [int(tail) for name in taken if (tail := name.partition(".")[2]).isdigit()]
    return f"{stem}.{1 + max(numbers, default=0)}"


def rename_bound(node: Expr, *names: str) -> Expr:
    """The same binder over other bound names (which must not be free in it)."""
    old = bound_names(node)
    if not old or old == names:
        return node
    where = _bound_part(node)
    body = substitute(node.children[where], {Sym(one): Sym(new) for one, new in zip(old, names, strict=True)})
    children = (*node.children[:where], body, *node.children[where + 1 :])
    return _rebind(node, names, children)


def _rebind(node: Expr, names: tuple[str, ...], children: tuple[Expr, ...]) -> Expr:
    if isinstance(node, Limit):
        return Limit(children[0], names[0], children[1], str(node.data[1]))
    if isinstance(node, Integral):
        return Integral(children[0], names[0], children[1], children[2])
    return type(node)(*names, *children)  # type: ignore[arg-type]


def fresh_names(old: tuple[str, ...], clash: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Bound names with those in `clash` replaced by new ones that are not in `taken`."""
    used = {*taken, *old}
    names = []
    for name in old:
        if name in clash:
            used.add(name := fresh_name(name, used))
        names.append(name)
    return tuple(names)


def rebuild(root: Expr, visit: Callable[[Expr, tuple[Expr, ...]], Expr]) -> Expr:
    """Bottom up: `visit(node, new_children)` gives the new node; unchanged parts stay shared."""
    made: dict[int, Expr] = {}
    for node in post_order(root):
        made[id(node)] = visit(node, tuple(made[id(child)] for child in node.children))
    return made[id(root)]


def same_or(node: Expr, children: tuple[Expr, ...]) -> Expr:
    """`node` itself when its children did not change, else a copy over the new ones."""
    if all(new is old for new, old in zip(children, node.children, strict=True)):
        return node
    return node.with_children(children)


def substitute(expr: Expr, mapping: Mapping[Expr, Expr]) -> Expr:
    """Replace whole subexpressions at once; bound names are renamed where a replacement would be captured."""
    mapping = {old: new for old, new in mapping.items() if old is not new}
    if not mapping:
        return expr
    return _Substitution(mapping).run(expr)


class _Substitution:
    """One mapping at work; memory is shared by all nodes under the same mapping."""

    def __init__(self, mapping: Mapping[Expr, Expr]) -> None:
        self.mapping = mapping
        self.incoming = _union([free_symbols(new) for new in mapping.values()])
        self.touched = _union([free_symbols(old) for old in mapping])
        self.made: dict[int, Expr] = {}
        self.of_symbols = all(isinstance(old, Sym) for old in mapping)

    def run(self, root: Expr) -> Expr:
        stack: list[tuple[Expr, bool]] = [(root, False)]
        made = self.made
        while stack:
            node, ready = stack.pop()
            if id(node) in made:
                continue
            if ready:
                made[id(node)] = same_or(node, tuple(made[id(child)] for child in node.children))
            elif node in self.mapping:
                made[id(node)] = self.mapping[node]
            elif not node.children or (self.of_symbols and self.touched.isdisjoint(free_symbols(node))):
                made[id(node)] = node
            elif isinstance(node, _ALL_BINDERS):
                made[id(node)] = self._binder(node)
            elif isinstance(node, Derivative):
                made[id(node)] = self._derivative(node)
            else:
                stack.append((node, True))
                stack.extend((child, False) for child in node.children)
        return made[id(root)]

    def _binder(self, node: Expr) -> Expr:
        bound = bound_names(node)
        where = _bound_part(node)
        inside = free_symbols(node.children[where]) - set(bound)
        inner = {old: new for old, new in self.mapping.items() if free_symbols(old) <= inside}
        clash = _union([free_symbols(new) for new in inner.values()]) & set(bound)
        if clash:
            taken = self.incoming | self.touched | free_symbols(node) | node.bound
            node = rename_bound(node, *fresh_names(bound, clash, taken))
        body = substitute(node.children[where], inner)
        children = tuple(body if k == where else self.run(child) for k, child in enumerate(node.children))
        return same_or(node, children)

    def _derivative(self, node: Derivative) -> Expr:
        """A derivative is taken before its variable is replaced: d/dx x² at x = 2 is 4."""
        from deriv.expr.calculus import differentiate, evaluate_derivatives

        variable = node.variable
        if not isinstance(variable, (Sym, Entry)):
            return same_or(node, (self.run(node.body), self.run(variable)))
        name = variable.data[0]
        hits = variable in self.mapping or any(_mentions(new, name, type(variable)) for new in self.mapping.values())
        if hits:
            return substitute(differentiate(evaluate_derivatives(node.body), variable), self.mapping)
        return same_or(node, (self.run(node.body), self.run(variable)))


def _mentions(root: Expr, name: object, kind: type[Expr]) -> bool:
    return any(type(node) is kind and node.data[0] == name for node in walk(root))
