"""Derivatives of vectors by a vector: the rows of the result follow the vector, its columns the variable."""

from __future__ import annotations

from deriv.engine import tactics
from deriv.engine.arrays.nodes import Op, Shapes, dot, is_op, is_scalar, shape_of, transpose
from deriv.engine.arrays.pull import Puller
from deriv.engine.tactics import Matcher
from deriv.errors import MeaningError
from deriv.expr import nodes as n
from deriv.expr.functions import add, mul
from deriv.expr.nodes import Expr

Applied = tuple[list[str], Expr]


def jacobian(body: Expr, variable: Expr, m: Matcher, shapes: Shapes) -> Applied:
    """One rule for the derivative of a column by a column."""
    rows, cols = shape_of(body, shapes)
    if cols is not None or rows is None:
        raise MeaningError("the derivative of a matrix by an array has no matrix notation")
    if body == variable:
        return ["variable"], Op("eye", (rows,))
    match body:
        case n.Sym():
            value = m.definitions.value(body)
            assert value is not None
            return ["definition"], m.d(value)
        case n.Add():
            rule = "difference" if any(map(tactics.is_negation, body.children)) else "sum"
            moving = [term for term in body.children if m.depends(term)]
            return [rule], add(*(_stretched(term, body, m, shapes) for term in moving))
        case n.Mul():
            return _product(body, m, shapes)
        case Op() if body.op == "dot":
            return _matrix_product(body, m, shapes)
        case Op() if body.op == "softmax":
            p = body
            inner = add(Op("diag", (p,)), mul(n.MINUS_ONE, dot([p, transpose(p, shapes)], shapes)))
            return ["softmax"], _before(inner, body.children[0], variable, m, shapes)
        case n.Call() | n.Pow() | n.Apply():
            return _elementwise(body, variable, m, shapes)
    raise MeaningError("no rule gives the derivative of this vector")


def _stretched(term: Expr, body: Expr, m: Matcher, shapes: Shapes) -> Expr:
    """A scalar term of a sum of vectors is added to every entry."""
    if not is_scalar(term, shapes):
        return _d(term, m, shapes)
    rows, _ = shape_of(body, shapes)
    assert rows is not None
    return dot([Op("ones", (rows,)), transpose(m.d(term), shapes)], shapes)


def _d(expr: Expr, m: Matcher, shapes: Shapes) -> Expr:
    """The derivative of a vector, not yet carried out; of the variable itself it is the identity."""
    rows, _ = shape_of(expr, shapes)
    return Op("eye", (rows,)) if expr == m.variable and rows is not None else m.d(expr)


def _product(body: n.Mul, m: Matcher, shapes: Shapes) -> Applied:
    moving = [k for k, part in enumerate(body.children) if m.depends(part)]
    terms, rules = [], ["product"] if len(moving) > 1 else []
    for k in moving:
        part = body.children[k]
        others = mul(*body.children[:k], *body.children[k + 1 :])
        if is_scalar(others, shapes):
            rules.append("negation" if others == n.MINUS_ONE else "constant-multiple")
            terms.append(mul(others, _d(part, m, shapes)))
        elif is_scalar(part, shapes):
            rules.append("constant-multiple")
            terms.append(dot([others, transpose(m.d(part), shapes)], shapes))
        else:
            rules.append("hadamard")
            terms.append(dot([Op("diag", (others,)), m.d(part)], shapes))
    return list(dict.fromkeys(rules)), add(*terms)


def _matrix_product(body: Op, m: Matcher, shapes: Shapes) -> Applied:
    """Constant matrices stay in front; the scalar at the end of u v^T w is a factor."""
    moving = [k for k, part in enumerate(body.children) if m.depends(part)]
    if moving == [len(body.children) - 1]:
        return ["matrix-product"], dot([*body.children[:-1], _d(body.children[-1], m, shapes)], shapes)
    for k in range(1, len(body.children)):
        if shape_of(body.children[k], shapes)[0] is None:
            scalar = dot(body.children[k:], shapes)
            return _product(n.Mul((scalar, dot(body.children[:k], shapes))), m, shapes)
    first = body.children[0]
    if is_op(first, "diag"):
        return _product(n.Mul((first.children[0], dot(body.children[1:], shapes))), m, shapes)
    raise MeaningError("the derivative of a matrix by an array has no matrix notation")


def _elementwise(body: Expr, variable: Expr, m: Matcher, shapes: Shapes) -> Applied:
    puller = Puller(m.book, shapes, m.depends)
    (k,) = [k for k, part in enumerate(body.children) if m.depends(part)] or (0,)
    slope = puller.slope(body, k, body)
    return puller.rules, _before(Op("diag", (slope,)), body.children[k], variable, m, shapes)


def _before(matrix: Expr, inner: Expr, variable: Expr, m: Matcher, shapes: Shapes) -> Expr:
    return matrix if inner == variable else dot([matrix, m.d(inner)], shapes)
