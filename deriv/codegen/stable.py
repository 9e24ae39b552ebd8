"""Stable forms by rule: what is written with exp and log becomes what does not overflow.

Sigmoids, softmaxes and log-sum-exps are recognised however they are spelled; the logarithm of a probability is taken
from its logit, so that saturated predictions cost neither precision nor warnings (P. Blanchard, D. Higham, N. Higham,
"Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 2021).
"""

from __future__ import annotations

from fractions import Fraction

from deriv.engine.graph import (
    Graph,
    Indices,
    Node,
    Ref,
    axes_of,
    coefficients,
    einsum_out,
    function_of,
    number_of,
    reachable,
    refs,
)


def stabilise(graph: Graph, root: Node) -> Node:
    """The same value in stable form; readable names move along."""
    made: dict[Node, Node] = {}
    for node in reachable([root]):
        new = _best(graph, rebuild(graph, node, [made[a] for a in node.args]))
        made[node] = new
        if node in graph.names and new is not node:
            graph.name(new, graph.names[node])
    return made[root]


def rebuild(graph: Graph, node: Node, args: list[Node]) -> Node:
    """The same node over other arguments."""
    if all(new is old for new, old in zip(args, node.args, strict=True)):
        return node
    if node.op == "einsum":
        return graph.einsum(map(Ref, args, (r.indices for r in refs(node))), einsum_out(node))
    if node.op == "add":
        terms = zip(coefficients(node), map(Ref, args, (r.indices for r in refs(node))), strict=True)
        return graph.add(terms, node.shape)
    if node.op == "map":
        return graph.map(function_of(node), list(map(Ref, args, (r.indices for r in refs(node)))), node.shape)
    return graph.make(node.op, args, node.data, node.shape)


def _better(graph: Graph, node: Node) -> Node | None:
    if node.op == "map" and function_of(node) == "pow":
        return _sigmoid(graph, node)
    if node.op == "map" and function_of(node) == "log":
        return _log(graph, node)
    if node.op == "einsum":
        return _product(graph, node)
    if node.op == "add":
        return _cross_entropy(graph, node)
    return None


def is_map(node: Node, function: str) -> bool:
    """Whether a node is this function of something."""
    return node.op == "map" and function_of(node) == function


def negated(graph: Graph, node: Node) -> Node:
    """Minus a node (minus minus is nothing)."""
    return graph.scale(-1, node)


def _apply(graph: Graph, function: str, node: Node) -> Node:
    axes = axes_of(node.shape)
    return graph.map(function, [Ref(node, axes)], node.shape)


def _log_of(graph: Graph, node: Node) -> Node:
    """The logarithm of a node, in its best form."""
    return _best(graph, _apply(graph, "log", node))


def _best(graph: Graph, node: Node) -> Node:
    while (better := _better(graph, node)) is not None:
        node = better
    return node


def _one_plus(node: Node) -> Ref | None:
    """X of 1 + X, where X has all axes of the sum."""
    if node.op != "add" or len(node.args) != 2:
        return None
    pairs = list(zip(coefficients(node), refs(node), strict=True))
    for (c, one), (f, other) in (pairs, pairs[::-1]):
        if number_of(one.node) == 1 and c == f == 1 and other.indices == axes_of(node.shape):
            return other
    return None


def _one_plus_exp(node: Node) -> Node | None:
    """z of 1 + exp(z)."""
    inner = _one_plus(node)
    return inner.node.args[0] if inner is not None and is_map(inner.node, "exp") else None


def _sigmoid(graph: Graph, node: Node) -> Node | None:
    """1/(1 + exp(-z)) is the sigmoid of z; 1/exp(z) is exp(-z)."""
    base, exponent = node.args
    if number_of(exponent) != -1:
        return None
    z = _one_plus_exp(base)
    if z is not None:
        return _apply(graph, "sigmoid", negated(graph, z))
    if is_map(base, "exp"):
        return _apply(graph, "exp", negated(graph, base.args[0]))
    return None


def _log(graph: Graph, node: Node) -> Node | None:
    """Logarithms of things made of exp, taken from the logit."""
    (inner,) = node.args
    z = _one_plus_exp(inner)
    if z is not None:
        return _apply(graph, "softplus", z)
    if is_map(inner, "exp"):
        return inner.args[0]
    if is_map(inner, "cosh"):
        return _apply(graph, "logcosh", inner.args[0])
    if is_map(inner, "sigmoid"):
        return negated(graph, _apply(graph, "softplus", negated(graph, inner.args[0])))
    if inner.op == "softmax":
        return _log_softmax(graph, inner)
    if inner.op == "add":
        return _log_complement(graph, inner)
    if inner.op == "einsum":
        return _log_sum_exp(graph, inner) or _log_choice(graph, inner) or _log_product(graph, inner)
    if is_map(inner, "pow") and number_of(inner.args[1]) == -1 and _positive(inner.args[0]):
        return negated(graph, _log_of(graph, inner.args[0]))
    if inner.op == "pick" and inner.args[0].op in ("softmax", "map"):
        logs = _log_of(graph, inner.args[0])
        return graph.make("pick", (logs,), inner.data, inner.shape)
    return None


def _log_softmax(graph: Graph, inner: Node) -> Node:
    (z,) = inner.args
    axis, axes = int(str(inner.data[0])), axes_of(inner.shape)
    total = graph.along("logsumexp", z, axis)
    return graph.add([(1, Ref(z, axes)), (-1, Ref(total, axes[:axis] + axes[axis + 1 :]))], inner.shape)


def _log_complement(graph: Graph, inner: Node) -> Node | None:
    """The logarithm of 1 - p, where p is a probability taken from logits."""
    if len(inner.args) != 2:
        return None
    pairs = list(zip(coefficients(inner), refs(inner), strict=True))
    for (c, one), (f, other) in (pairs, pairs[::-1]):
        whole = other.indices == axes_of(inner.shape)
        if number_of(one.node) == 1 and c == 1 and f == -1 and whole:
            return _log_rest(graph, other.node)
    return None


def _log_rest(graph: Graph, p: Node) -> Node | None:
    """log(1 - sigmoid(z)) is -softplus(z); for a softmax it is what the other entries of the row make up."""
    if is_map(p, "sigmoid"):
        return negated(graph, _apply(graph, "softplus", p.args[0]))
    if p.op == "softmax":
        return graph.along("log_rest", p.args[0], int(str(p.data[0])))
    if p.op == "pick":
        logs = _log_rest(graph, p.args[0])
        return logs and graph.make("pick", (logs,), p.data, p.shape)
    chosen = (_choice(p) or _chosen_softmax(graph, p)) if p.op == "einsum" else None
    if chosen is not None:  # one entry is chosen, so that the complement of the choice is the choice of the complement
        logs = _log_rest(graph, chosen[1].node)
        return logs and graph.einsum([chosen[0], Ref(logs, chosen[1].indices)], einsum_out(p))
    return None


def _chosen_softmax(graph: Graph, node: Node) -> tuple[Ref, Ref] | None:
    """The one-hot rows and the softmax of exp(z of the label) over the sum of exp(z)."""
    operands = refs(node)
    for a, b in (operands, operands[::-1]) if len(operands) == 2 else ():
        found = _sum_of_exp(b.node.args[0]) if is_map(b.node, "pow") and number_of(b.node.args[1]) == -1 else None
        logit = a.node.args[0] if is_map(a.node, "exp") else None
        inner = _choice(logit) if logit is not None and logit.op == "einsum" else None
        if found is None or logit is None or inner is None or inner[1].node is not found[0]:
            continue
        label, axis = inner[1].indices[found[1]], found[1]
        rest = inner[1].indices[:axis] + inner[1].indices[axis + 1 :]
        if label == inner[0].indices[-1] and rest == einsum_out(logit) and a.indices == b.indices == einsum_out(node):
            shown = dict(zip(rest, a.indices, strict=True)) | {label: max(a.indices, default=-1) + 1}
            chosen, logits = (tuple(shown[i] for i in r.indices) for r in inner)
            return Ref(inner[0].node, chosen), Ref(graph.along("softmax", found[0], axis), logits)
    return None


def _sum_of_exp(node: Node) -> tuple[Node, int] | None:
    """(z, axis) of a sum of exp(z) over one axis."""
    if node.op != "einsum" or len(node.args) != 1 or not is_map(node.args[0], "exp"):
        return None
    (used,), out = (r.indices for r in refs(node)), einsum_out(node)
    gone = [k for k, index in enumerate(used) if index not in out]
    kept = tuple(index for index in used if index in out)
    return (node.args[0].args[0], gone[0]) if len(gone) == 1 and kept == out else None


def _log_sum_exp(graph: Graph, inner: Node) -> Node | None:
    found = _sum_of_exp(inner)
    return None if found is None else graph.along("logsumexp", *found)


def _choice(node: Node) -> tuple[Ref, Ref] | None:
    """The one-hot rows and the array of a product that chooses one entry by a label."""
    operands = refs(node)
    if len(operands) != 2 or not any(r.node.op == "onehot" for r in operands):
        return None
    chosen, other = operands if operands[0].node.op == "onehot" else operands[::-1]
    if chosen.indices[-1] not in other.indices or chosen.indices[-1] in einsum_out(node):
        return None
    return chosen, other


def _log_choice(graph: Graph, inner: Node) -> Node | None:
    """The log of the entry chosen by a label is the chosen log."""
    found = _choice(inner)
    if found is None:
        return None
    chosen, other = found
    return graph.einsum([chosen, Ref(_log_of(graph, other.node), other.indices)], einsum_out(inner))


def _positive(node: Node) -> bool:
    """Whether a node is certainly positive by its form."""
    value = number_of(node)
    if value is not None:
        return value > 0
    if node.op in ("size", "softmax", "ones") or is_map(node, "exp") or is_map(node, "sigmoid"):
        return True
    if is_map(node, "pow") or node.op == "einsum":
        return _positive(node.args[0]) if node.op == "map" else all(map(_positive, node.args))
    return node.op == "add" and min(coefficients(node)) > 0 and all(map(_positive, node.args))


def _log_product(graph: Graph, inner: Node) -> Node | None:
    """The log of a product without a sum, where all factors but at most one are positive by their form."""
    operands = refs(inner)
    if len(operands) < 2 or any(i not in einsum_out(inner) for r in operands for i in r.indices):
        return None
    special = [r for r in operands if _positive(r.node)]
    if len(special) < len(operands) - 1:
        return None
    place = {index: k for k, index in enumerate(einsum_out(inner))}
    terms = [
        (Fraction(1), Ref(_log_of(graph, r.node), tuple(place[i] for i in r.indices)))
        for r in operands
        if r.node.op != "ones"
    ]
    return graph.add(terms, inner.shape)


def _without(operands: list[Ref], *gone: Ref) -> list[Ref]:
    rest = list(operands)
    for ref in gone:
        rest.remove(ref)
    return rest


def _product(graph: Graph, node: Node) -> Node | None:
    """Products of exp and reciprocals: softmax, sigmoid; x log x."""
    operands = list(refs(node))
    for ref in operands:
        for other in operands:
            new = None if other is ref else _pair(graph, ref, other)
            if new is not None:
                return graph.einsum([*_without(operands, ref, other), new], einsum_out(node))
    return _spread_log(graph, node, operands)


def _pair(graph: Graph, a: Ref, b: Ref) -> Ref | None:
    if is_map(a.node, "exp"):
        z = a.node.args[0]
        if is_map(b.node, "sigmoid") and a.indices == b.indices and b.node.args[0] is negated(graph, z):
            return Ref(_apply(graph, "sigmoid", z), a.indices)
        if is_map(b.node, "pow") and number_of(b.node.args[1]) == -1:
            found = _sum_of_exp(b.node.args[0])
            if found is not None and found[0] is z:
                axis = found[1]
                if a.indices[:axis] + a.indices[axis + 1 :] == b.indices:
                    return Ref(graph.along("softmax", z, axis), a.indices)
    if is_map(a.node, "log") and a.node.args[0] is b.node and a.indices == b.indices:
        return Ref(_apply(graph, "xlogx", b.node), a.indices)
    return None


def _spread_log(graph: Graph, node: Node, operands: list[Ref]) -> Node | None:
    """y (log y - …) becomes y log y - y …: only so can it be 0 at y = 0."""
    for ref in operands:
        if ref.node.op != "add":
            continue
        for k, term in enumerate(refs(ref.node)):
            shown = tuple(ref.indices[i] for i in term.indices)
            if is_map(term.node, "log") and Ref(term.node.args[0], shown) in operands:
                return _spread(graph, node, operands, ref, k)
    return None


def _spread(graph: Graph, node: Node, operands: list[Ref], ref: Ref, k: int) -> Node:
    rest = _without(operands, ref)
    terms = list(zip(coefficients(ref.node), refs(ref.node), strict=True))
    first, others = terms[k], terms[:k] + terms[k + 1 :]
    dims = ref.node.shape
    parts = []
    for chosen in ([first], others):
        combined = graph.add(chosen, dims)
        parts.append(_best(graph, graph.einsum([*rest, Ref(combined, ref.indices)], einsum_out(node))))
    axes = axes_of(node.shape)
    return graph.add([(1, Ref(part, axes)) for part in parts], node.shape)


# binary cross-entropy from logits


def _cross_entropy(graph: Graph, node: Node) -> Node | None:
    """y softplus(-z) + (1 - y) softplus(z) is softplus(z) - y z, one stable function of z and y."""
    terms = list(zip(coefficients(node), refs(node), strict=True))
    for a, (c, first) in enumerate(terms):
        for b, (f, second) in enumerate(terms):
            if a == b or c != f or first.indices != second.indices:
                continue
            merged = _merge(graph, first.node, second.node)
            if merged is not None:
                rest = [t for k, t in enumerate(terms) if k not in (a, b)]
                return graph.add([*rest, (c, Ref(merged, first.indices))], node.shape)
    return None


def _merge(graph: Graph, first: Node, second: Node) -> Node | None:
    """`first` holds y softplus(-z), `second` (1 - y) softplus(z); both may hold the same further factors."""
    if first.op != "einsum" or second.op != "einsum" or first.shape != second.shape:
        return None
    for minus in refs(first):
        for plus in refs(second):
            if not (is_map(minus.node, "softplus") and is_map(plus.node, "softplus")):
                continue
            if minus.node.args[0] is not negated(graph, plus.node.args[0]):
                continue
            merged = _merge_labels(graph, first, second, minus, plus)
            if merged is not None:
                return merged
    return None


def _merge_labels(graph: Graph, first: Node, second: Node, minus: Ref, plus: Ref) -> Node | None:
    rename = dict(zip(einsum_out(second), einsum_out(first), strict=True))
    for index, other in zip(plus.indices, minus.indices, strict=True):
        if rename.setdefault(index, other) != other:
            return None
    ours = _without(list(refs(first)), minus)
    theirs = [Ref(r.node, tuple(rename.get(i, -1) for i in r.indices)) for r in refs(second) if r != plus]
    for label in ours:
        complement = graph.add(
            [(1, Ref(graph.const(1))), (-1, Ref(label.node, axes_of(label.node.shape)))], label.node.shape
        )
        rest = _without(ours, label)
        if set(theirs) != {*rest, Ref(complement, label.indices)} or len(theirs) != len(ours):
            continue
        entropy = _bce(graph, plus.node.args[0], minus.indices, label)
        if entropy is not None:
            return graph.einsum([*rest, entropy], einsum_out(first))
    return None


def _bce(graph: Graph, z: Node, indices: Indices, label: Ref) -> Ref | None:
    out = tuple(dict.fromkeys((*indices, *label.indices)))
    if len(out) != len(indices):
        return None
    place = {index: k for k, index in enumerate(indices)}
    logits = Ref(z, tuple(place[i] for i in indices))
    labels = Ref(label.node, tuple(place[i] for i in label.indices))
    return Ref(graph.map("bce", [logits, labels], z.shape), indices)
