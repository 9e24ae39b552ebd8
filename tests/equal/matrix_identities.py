"""Identities of matrix calculus in index form, with wrong twins; mostly those of K. B. Petersen and M. S. Pedersen,
*The Matrix Cookbook* (2012), sections 1 to 4, and of the losses and layers of machine learning."""

from __future__ import annotations

from dataclasses import dataclass, field

from deriv.expr.domain import POSITIVE, UNIT_INTERVAL, Domain, Fact
from deriv.expr.nodes import ONE, Derivative, Expr, Sum, Sym
from tests.equal.matrix_build import (
    T,
    add_up,
    diag,
    eye,
    grad,
    jacobian,
    mat,
    norm,
    norm2,
    num,
    over_cols,
    over_rows,
    size,
    softmax,
    sym,
    tr,
    vec,
)


@dataclass(frozen=True)
class Identity:
    """lhs = rhs entry by entry; `wrong` are right sides that are not; `proof` is False where sizes are only tested."""

    name: str
    lhs: T
    rhs: T
    wrong: tuple[T, ...] = ()
    symmetric: str = ""
    definite: str = ""
    positive: str = ""
    unit: str = ""
    equations: tuple[tuple[Expr, Expr], ...] = ()
    proof: bool = True
    square: str = field(default="")

    @property
    def domain(self) -> Domain:
        """What the claim may use."""
        facts: dict[str, Fact] = dict.fromkeys(self.positive.split(), POSITIVE)
        facts |= dict.fromkeys(self.unit.split(), UNIT_INTERVAL)
        split = (frozenset(self.symmetric.split()), frozenset(self.definite.split()))
        return Domain(facts, self.equations, (), *split)

    def claim(self, rhs: T | None = None) -> tuple[Expr, Expr]:
        """Both sides at the free place (p, q)."""
        place = Sym("p"), Sym("q")
        return self.lhs.at(*place), (rhs or self.rhs).at(*place)


a, b, c, x, v = (vec(name, "n") for name in "abcxv")
u, w, z = vec("u", "d"), vec("w", "d"), vec("z", "d")
y, mu = vec("y", "n"), vec("m", "n")
A, B, C, X, S = (mat(name, "n", "n") for name in "ABCXS")
M, F = mat("M", "n", "d"), mat("F", "n", "d")
D = mat("D", "d", "d")
lam, t = sym("l"), sym("t")
ONE_ = num(1)
I = eye("n")


def quadratic(inner: T, middle: T) -> T:
    """xᵀAx."""
    return inner.T @ (middle @ inner)


def _vectors() -> list[Identity]:
    res = M @ w - y
    return [
        Identity("a'x", grad(a.T @ x, x), a, (x, 2 * a, a * x)),
        Identity("x'a", grad(x.T @ a, x), a),
        Identity("x'x", grad(x.T @ x, x), 2 * x, (x, num(2) + x * 0, 2 * (x * x))),
        Identity("x'Ax", grad(quadratic(x, A), x), (A + A.T) @ x, (2 * (A @ x), 2 * (A.T @ x), A @ x, (A - A.T) @ x)),
        Identity("x'Ax symmetric", grad(quadratic(x, A), x), 2 * (A @ x), (A @ x, 2 * x, 2 * (A @ A @ x)), "A"),
        Identity("Hessian of x'Ax", jacobian(grad(quadratic(x, A), x), x), A + A.T, (2 * A, A, A @ A.T)),
        Identity("a'Xb", grad(a.T @ (X @ b), X), a @ b.T, (b @ a.T, a @ a.T, X * (a @ b.T))),
        Identity("a'X'b", grad(a.T @ (X.T @ b), X), b @ a.T, (a @ b.T,)),
        Identity("a'Mw by w", grad(a.T @ (M @ w), w), M.T @ a, (M.T @ y, (M.T @ a) * w, 2 * (M.T @ a))),
        Identity("|Mw-y|^2", grad(norm2(res), w), 2 * (M.T @ res), (M.T @ res, 2 * (M.T @ (y - M @ w)), 2 * (M.T @ y))),
        Identity("|Mw-y|^2 expanded", norm2(res), w.T @ (M.T @ M) @ w - 2 * (y.T @ (M @ w)) + y.T @ y),
        Identity("gradient expanded", grad(norm2(res), w), 2 * ((M.T @ M) @ w) - 2 * (M.T @ y)),
        Identity("Hessian of |Mw-y|^2", jacobian(grad(norm2(res), w), w), 2 * (M.T @ M), (M.T @ M, 2 * D, 4 * (M.T @ M))),
        Identity("mean squared error", grad(norm2(res) / size("n"), w), 2 * (M.T @ res) / size("n")),
        Identity(
            "ridge",
            grad(norm2(res) + lam * norm2(w), w),
            2 * ((M.T @ M + lam * eye("d")) @ w - M.T @ y),
            (2 * (M.T @ res) + lam * w, 2 * (M.T @ res), 2 * ((M.T @ M - lam * eye("d")) @ w - M.T @ y)),
        ),
        Identity(
            "weighted by a diagonal",
            grad(quadratic(res, diag(c)), w),
            2 * (M.T @ (c * res)),
            (M.T @ (c * res), 2 * (M.T @ res), 2 * (M.T @ (c * c * res))),
        ),
        Identity("weighted, symmetric", grad(quadratic(res, A), w), 2 * (M.T @ (A @ res)), symmetric="A"),
        Identity("weighted, any", grad(quadratic(res, A), w), M.T @ ((A + A.T) @ res), (2 * (M.T @ (A @ res)),)),
        Identity("(x-a)'A(x-a)", grad(quadratic(x - a, A), x), 2 * (A @ (x - a)), (2 * (A @ (x + a)),), "A"),
        Identity("x'Ab by A", grad(x.T @ (A @ b), A), x @ b.T),
        Identity("norm", grad(norm(x), x), x / norm(x), (x, x / norm2(x), 2 * x / norm(x))),
        Identity("norm of a residual", grad(norm(res), w), (M.T @ res) / norm(res), (M.T @ res,)),
        Identity(
            "unit vector",
            jacobian(x / norm(x), x),
            (I - (x @ x.T) / norm2(x)) / norm(x),
            (I / norm(x), (I - x @ x.T) / norm(x), (I + (x @ x.T) / norm2(x)) / norm(x)),
        ),
        Identity(
            "Rayleigh quotient",
            grad(quadratic(x, S) / norm2(x), x),
            2 * (S @ x - (quadratic(x, S) / norm2(x)) * x) / norm2(x),
            (2 * (S @ x) / norm2(x), 2 * (S @ x - x) / norm2(x), (S @ x - (quadratic(x, S) / norm2(x)) * x) / norm2(x)),
            "S",
        ),
    ]  # fmt: skip


def _traces() -> list[Identity]:
    return [
        Identity("tr AX", grad(tr(A @ X), X), A.T, (A, X, A @ A.T)),
        Identity("tr XA", grad(tr(X @ A), X), A.T, (A,)),
        Identity("tr X'A", grad(tr(X.T @ A), X), A, (A.T,)),
        Identity("tr AMD", grad(tr(mat("G", "d", "n") @ M @ D), M), mat("G", "d", "n").T @ D.T),
        Identity("tr AXB", grad(tr(A @ X @ B), X), A.T @ B.T, (A @ B, B @ A, B.T @ A.T)),
        Identity("tr AX'B", grad(tr(A @ X.T @ B), X), B @ A, (A @ B, A.T @ B.T)),
        Identity("tr X'AX", grad(tr(X.T @ A @ X), X), (A + A.T) @ X, (2 * (A @ X), X @ (A + A.T), (A + A.T) @ X.T)),
        Identity("tr M'AM symmetric", grad(tr(M.T @ A @ M), M), 2 * (A @ M), (A @ M,), "A"),
        Identity("tr XAX'", grad(tr(X @ A @ X.T), X), X @ (A + A.T), ((A + A.T) @ X, 2 * (X @ A))),
        Identity("tr X^2", grad(tr(X @ X), X), 2 * X.T, (2 * X, X.T, X + X.T)),
        Identity("tr X^3", grad(tr(X @ X @ X), X), 3 * (X @ X).T, (3 * (X @ X), 3 * (X.T @ X), 2 * (X @ X).T)),
        Identity("tr M'M", grad(tr(M.T @ M), M), 2 * M),
        Identity("tr AXBX", grad(tr(A @ X @ B @ X), X), A.T @ X.T @ B.T + B.T @ X.T @ A.T, (2 * (A.T @ X.T @ B.T),)),
        Identity("tr AXBX'C", grad(tr(A @ X @ B @ X.T @ C), X), A.T @ C.T @ X @ B.T + C @ A @ X @ B),
        Identity("tr B'X'CXB", grad(tr(B.T @ X.T @ C @ X @ B), X), (C.T + C) @ X @ B @ B.T),
        Identity("b'X'Xc", grad((X @ b).T @ (X @ c), X), X @ (b @ c.T + c @ b.T), (2 * (X @ b @ c.T), X @ (b @ c.T))),
        Identity("(Xb+c)'D(Xb+c)", grad(quadratic(X @ b + c, A), X), (A + A.T) @ (X @ b + c) @ b.T),
        Identity("tr ABC = tr CAB", tr(A @ B @ C), tr(C @ A @ B), (tr(B @ A @ C), tr(A @ C @ B), tr(A @ B.T @ C))),
        Identity("tr ABC = tr C'B'A'", tr(A @ B @ C), tr(C.T @ B.T @ A.T)),
        Identity("tr of six", tr(A @ B @ C @ X @ S @ A), tr(X @ S @ A @ A @ B @ C), (tr(X @ S @ A @ B @ A @ C),)),
        Identity("tr of six, transposed", tr(A @ B @ C @ A @ B @ X), tr((C @ A @ B @ X @ A @ B).T)),
        Identity("tr of powers", tr(A @ A @ A @ A @ A @ A), tr((A @ A @ A).T @ (A @ A @ A).T)),
        Identity("symmetric chain", tr(A @ B @ A @ C @ A @ B), tr(B @ A @ C @ A @ B @ A), symmetric="A B C"),
        Identity("|X-UV|^2 by U", *_factors()[0], wrong=_factors()[1]),
        Identity("|X-UV|^2 by V", *_factors()[2], wrong=_factors()[3]),
        Identity("Hadamard", grad(norm2(A * X), X), 2 * (A * A * X), (2 * (A * X), 2 * (A @ A @ X))),
    ]  # fmt: skip


def _factors() -> tuple[tuple[T, T], tuple[T, ...], tuple[T, T], tuple[T, ...]]:
    left, right = mat("U", "n", "k"), mat("V", "k", "d")
    gap = M - left @ right
    loss = norm2(gap)
    by_left, by_right = -2 * (gap @ right.T), -2 * (left.T @ gap)
    return (
        (grad(loss, left), by_left),
        (-by_left, gap @ right.T, by_left / 2),
        (grad(loss, right), by_right),
        (-by_right, by_right / 2, left.T @ gap),
    )


def _inverses() -> list[Identity]:
    inv, det = X.inv, X.det
    gram = (M.T @ M).inv
    hat = M @ gram @ M.T
    ridge = (M.T @ M + lam * eye("d")).inv
    moved = (A + t * B).inv
    return [
        Identity("X X^-1", X @ inv, I, (inv, X @ X, num(1) + I * 0)),
        Identity("X^-1 X", inv @ X, I),
        Identity("(AB)^-1", (A @ B).inv, B.inv @ A.inv, (A.inv @ B.inv, (B @ A).inv, A @ B)),
        Identity("(A')^-1", A.T.inv, A.inv.T, (A.inv, A.T, A)),
        Identity("symmetric inverse", A.inv, A.inv.T, symmetric="A"),
        Identity("inverse of an inverse", A.inv.inv, A, (A.T, A.inv)),
        Identity("(tA)^-1", (t * A).inv, A.inv / t, (t * A.inv, A.inv)),
        Identity("diagonal inverse", diag(a).inv, diag(1 / a)),
        Identity("det AB", (A @ B).det, A.det * B.det, (A.det + B.det, A.det, (A @ A).det)),
        Identity("det A'", A.T.det, A.det, (-A.det, 1 / A.det)),
        Identity("det tA", (t * A).det, T(None, None, lambda i, j: _power("t", "n")) * A.det, (t * A.det,), positive="t"),
        Identity("det A^-1", A.inv.det, 1 / A.det, (A.det,)),
        Identity("M'M beside its inverse", (M.T @ M) @ gram, eye("d")),
        Identity("hat matrix is idempotent", hat @ hat, hat, (M.T.T @ gram @ M.T * 2,)),
        Identity("hat matrix keeps M", hat @ M, M, (2 * M,)),
        Identity("trace of the hat matrix", tr(hat), size("d"), (size("n"),)),
        Identity("normal equations", M.T @ (M @ (gram @ (M.T @ y)) - y), 0 * w),
        Identity("ridge solution", M.T @ (M @ (ridge @ (M.T @ y)) - y) + lam * (ridge @ (M.T @ y)), 0 * w),
        Identity("shifted", (M.T @ M + lam * eye("d")) @ ridge, eye("d"), (ridge, M.T @ M @ ridge)),
        Identity("push-through", ridge @ M.T, M.T @ (M @ M.T + lam * I).inv, positive="l"),
        Identity(
            "Woodbury",
            (lam * I + M @ M.T).inv,
            I / lam - M @ (lam * eye("d") + M.T @ M).inv @ M.T / lam,
            positive="l",
        ),
        Identity("log det X", grad(det.call("log"), X), inv.T, (inv, X.T, det * inv.T)),
        Identity("log det S symmetric", grad(S.det.call("log"), S), S.inv, (S,), definite="S"),
        Identity("det X", grad(det, X), det * inv.T, (det * inv, inv.T, det * X.T)),
        Identity("det AXB", grad((A @ X @ B).det, X), (A @ X @ B).det * inv.T, (inv.T, det * inv.T)),
        Identity("det X cubed", grad(det**3, X), 3 * det**3 * inv.T, (3 * det**2 * inv.T,)),
        Identity("det X^-1", grad(inv.det, X), -(inv.det * inv.T), (inv.det * inv.T,)),
        Identity("log det M'M", grad((M.T @ M).det.call("log"), M), 2 * (M @ gram), (M @ gram, 2 * M)),
        Identity("det M'AM", grad((M.T @ A @ M).det, M), 2 * ((M.T @ A @ M).det * (A @ M @ (M.T @ A @ M).inv)), symmetric="A"),
        Identity("tr AX^-1B", grad(tr(A @ inv @ B), X), -(inv @ B @ A @ inv).T, ((inv @ B @ A @ inv).T, -(inv @ B @ A @ inv), -(inv @ A @ B @ inv).T)),
        Identity("a'X^-1b", grad(a.T @ (inv @ b), X), -(inv.T @ (a @ b.T) @ inv.T), (inv.T @ (a @ b.T) @ inv.T, -(inv @ (a @ b.T) @ inv), -(a @ b.T))),
        Identity("entry of X^-1", _entry(), -(X.inv @ a @ (b.T @ X.inv))),
        Identity("tr (X+A)^-1", grad(tr((X + A).inv), X), -((X + A).inv @ (X + A).inv).T, (-(X + A).inv.T,)),
        Identity("tr (M'CM)^-1 A", grad(tr((M.T @ C @ M).inv @ D), M), -(C @ M @ (M.T @ C @ M).inv @ (D + D.T) @ (M.T @ C @ M).inv), symmetric="C"),
        Identity("inverse by t", _by_t(moved), -(moved @ B @ moved), (moved @ B @ moved, -(moved @ moved @ B), -moved)),
        Identity("inverse by t twice", _by_t(_by_t(moved)), 2 * (moved @ B @ moved @ B @ moved), (moved @ B @ moved @ B @ moved,)),
        Identity("log det by t", _by_t((A + t * B).det.call("log")), tr(moved @ B), (tr(moved), tr(moved @ A))),
        Identity("log det by t twice", _by_t(_by_t((A + t * B).det.call("log"))), -tr(moved @ B @ moved @ B)),
        Identity("least squares without w", y.T @ y - y.T @ (hat @ y), norm2(y - hat @ y)),
    ]  # fmt: skip


def _power(base: str, exponent: str) -> Expr:
    from deriv.expr.nodes import Pow

    return Pow(Sym(base), Sym(exponent))


def _entry() -> T:
    """Σ_ij a_i b_j ∂(X^-1)_pq / ∂X_ij."""
    from tests.equal.matrix_build import total

    def at(p: Expr, q: Expr) -> Expr:
        inside = lambda i, j: Derivative(X.inv.at(p, q), X.at(i, j))
        both = lambda i: total("n", lambda j: _times(a.at(i, ONE), b.at(j, ONE), inside(i, j)))
        return total("n", both)

    return T("n", "n", at)


def _times(*factors: Expr) -> Expr:
    from deriv.expr.nodes import Mul

    return Mul(factors)


def _by_t(value: T) -> T:
    return T(value.rows, value.cols, lambda i, j: Derivative(value.at(i, j), Sym("t")))


def _statistics() -> list[Identity]:
    inv = S.inv
    gap = x - mu
    gaussian = (S.det.call("log") + quadratic(gap, inv)) / 2
    data = mat("M", "m", "n")
    centred = data - T(None, "n", lambda i, j: mu.at(j, i))
    many = (size("m") * S.det.call("log") + tr(centred @ inv @ centred.T)) / 2
    kl = (tr(inv @ A) + quadratic(gap, inv) - size("n") + S.det.call("log") - A.det.call("log")) / 2
    kernel = norm2(y - A @ a) + lam * quadratic(a, A)
    precision = (quadratic(gap, S) - S.det.call("log")) / 2
    return [
        Identity("Gaussian by the mean", grad(gaussian, mu), -(inv @ gap), (inv @ gap, -(S @ gap), -gap), definite="S"),
        Identity("Gaussian by the covariance", grad(gaussian, S), (inv - inv @ gap @ gap.T @ inv) / 2, ((inv + inv @ gap @ gap.T @ inv) / 2, (inv - gap @ gap.T) / 2, inv - inv @ gap @ gap.T @ inv), definite="S"),
        Identity("sample by the mean", grad(many, mu), -(inv @ over_rows(centred).T), (inv @ over_rows(centred).T,), definite="S"),
        Identity("sample by the covariance", grad(many, S), (size("m") * inv - inv @ centred.T @ centred @ inv) / 2, definite="S"),
        Identity("Gaussian by the precision", grad(precision, S), (gap @ gap.T - S.inv) / 2, ((S.inv - gap @ gap.T) / 2, (gap @ gap.T - S) / 2), definite="S"),
        Identity("KL of Gaussians by the mean", grad(kl, mu), -(inv @ gap), definite="S A"),
        Identity("KL of Gaussians by the covariance", grad(kl, S), (inv - inv @ A @ inv - inv @ gap @ gap.T @ inv) / 2, (inv / 2,), definite="S A"),
        Identity("kernel ridge", grad(kernel, a), 2 * (A @ ((A + lam * I) @ a - y)), (2 * ((A + lam * I) @ a - y), 2 * (A @ (A @ a - y))), "A"),
        Identity("kernel ridge at its minimum", A @ ((A + lam * I) @ ((A + lam * I).inv @ y) - y), 0 * a, symmetric="A"),
        Identity("Newton step of a quadratic", x - A.inv @ (A @ x - b), A.inv @ b, (A @ b, x), "A"),
    ]  # fmt: skip


def _learning() -> list[Identity]:
    p = (M @ w).call("sigmoid")
    logistic = -(y.T @ p.call("log") + (1 - y).T @ (1 - p).call("log")) / size("n")
    slope = M.T @ (p - y) / size("n")
    soft = softmax(A @ x)
    lse = add_up((A @ x).call("exp")).call("log")
    W, Y = mat("W", "d", "k"), mat("Y", "n", "k")
    P = softmax(M @ W)
    cross = -add_up(Y * P.call("log")) / size("n")
    hot = ((Sum("o.1", ONE, Sym("k"), Y.at(Sym("i"), Sym("o.1"))), ONE),)
    return [
        Identity("logistic regression", grad(logistic, w), slope, (-slope, M.T @ (p - y), M.T @ p / size("n")), unit="y"),
        Identity("logistic Hessian", jacobian(slope, w), M.T @ diag(p * (1 - p)) @ M / size("n"), (M.T @ M / size("n"), M.T @ diag(p) @ M / size("n"), M.T @ diag(p * (1 - p)) @ M)),
        Identity("softmax Jacobian", jacobian(softmax(x), x), diag(softmax(x)) - softmax(x) @ softmax(x).T, (diag(softmax(x)), diag(softmax(x) * (1 - softmax(x))), diag(softmax(x)) + softmax(x) @ softmax(x).T)),
        Identity("log-sum-exp", grad(add_up(x.call("exp")).call("log"), x), softmax(x)),
        Identity("log-sum-exp of Ax", grad(lse, x), A.T @ soft, (A @ soft, soft, A.T @ x.call("exp"))),
        Identity("log-sum-exp Hessian", jacobian(grad(lse, x), x), A.T @ (diag(soft) - soft @ soft.T) @ A, (A.T @ diag(soft) @ A,)),
        Identity("softmax cross entropy by W", grad(cross, W), M.T @ (P - Y) / size("n"), (M.T @ (Y - P) / size("n"), M.T @ (P - Y), M.T @ P / size("n")), equations=hot),
        Identity("log(1+exp(x'x))", grad((x.T @ x).call("softplus"), x), 2 * ((x.T @ x).call("sigmoid") * x), ((x.T @ x).call("sigmoid") * x, 2 * x)),
        Identity("sum of tanh(Ax)", grad(add_up((A @ x).call("tanh")), x), A.T @ (1 - (A @ x).call("tanh") ** 2), (A @ (1 - (A @ x).call("tanh") ** 2), A.T @ (1 - (A @ x).call("tanh")))),
        Identity("sum of exp(X)", grad(add_up((A @ X).call("exp")), X), A.T @ (A @ X).call("exp")),
        *_networks(),
        *_norms(),
        *_attention(),
    ]  # fmt: skip


def _networks() -> list[Identity]:
    V, W, bias = mat("V", "k", "h"), mat("W", "h", "d"), vec("b", "h")
    goal = vec("y", "k")
    h = (W @ z + bias).call("tanh")
    gap = V @ h - goal
    back = (V.T @ (2 * gap)) * (1 - h * h)
    loss = norm2(gap)
    s = (W @ z + bias).call("sigmoid")
    s_gap = V @ s - goal
    W1, W2, Y = mat("W", "d", "h"), mat("V", "h", "k"), mat("Y", "n", "k")
    H = (M @ W1).call("tanh")
    E = H @ W2 - Y
    batch = norm2(E) / size("n")
    row = (E @ W2.T) * (1 - H * H)
    rnn = (W @ z + mat("R", "h", "h") @ vec("s", "h")).call("tanh")
    R = mat("R", "h", "h")
    return [
        Identity("network by W1", grad(loss, W), back @ z.T, (z.rows and back @ z.T / 2, (V.T @ (2 * gap)) @ z.T, ((V.T @ (2 * gap)) * (1 - h)) @ z.T)),
        Identity("network by b1", grad(loss, bias), back, (back / 2, V.T @ (2 * gap))),
        Identity("network by W2", grad(loss, V), 2 * (gap @ h.T), (gap @ h.T, 2 * (goal @ h.T))),
        Identity("network by its input", grad(loss, z), W.T @ back),
        Identity("sigmoid network by W1", grad(norm2(s_gap), W), ((V.T @ (2 * s_gap)) * s * (1 - s)) @ z.T, (((V.T @ (2 * s_gap)) * s) @ z.T,)),
        Identity("batch by W1", grad(batch, W1), 2 * (M.T @ row) / size("n"), (2 * (M.T @ row), M.T @ row / size("n"), 2 * (M.T @ (E @ W2.T)) / size("n"))),
        Identity("batch by W2", grad(batch, W2), 2 * (H.T @ E) / size("n")),
        Identity("recurrent step", jacobian(rnn, vec("s", "h")), diag(1 - rnn * rnn) @ R, (diag(1 - rnn) @ R, R, R @ diag(1 - rnn * rnn))),
    ]  # fmt: skip


def _norms() -> list[Identity]:
    mean = add_up(x) / size("n")
    var = add_up((x - mean) ** 2) / size("n")
    eps = sym("e")
    root = T(None, None, lambda i, j: _root((var + eps).at(i, j)))
    hat = (x - mean) / root
    layer = add_up(a * hat)
    right = (a - add_up(a) / size("n") - hat * (add_up(a * hat) / size("n"))) / root
    col_mean = over_rows(M) / size("n")
    col_var = over_rows((M - col_mean) ** 2) / size("n")
    col_root = T(None, "d", lambda i, j: _root((col_var + eps).at(i, j)))
    M_hat = (M - col_mean) / col_root
    batch = add_up(F * M_hat)
    N = size("n")
    dM = (F - over_rows(F) / N - M_hat * (over_rows(F * M_hat) / N)) / col_root
    return [
        Identity("layer norm", grad(layer, x), right, (a / root, (a - add_up(a) / N) / root, (a - hat * (add_up(a * hat) / N)) / root), positive="e"),
        Identity("layer norm gain", grad(add_up(b * a * hat), a), b * hat, positive="e"),
        Identity("batch norm", grad(batch, M), dM, (F / col_root, (F - over_rows(F) / N) / col_root, (F - M_hat * (over_rows(F * M_hat) / N)) / col_root), positive="e"),
    ]  # fmt: skip


def _root(inside: Expr) -> Expr:
    from deriv.expr.nodes import HALF, Pow

    return Pow(inside, HALF)


def _attention() -> list[Identity]:
    Q, K, V, G = mat("Q", "n", "d"), mat("K", "m", "d"), mat("V", "m", "h"), mat("G", "n", "h")
    scores = mat("Z", "n", "m")
    P0 = softmax(scores)
    loss0 = add_up(G * (P0 @ V))
    dP = G @ V.T
    dZ = P0 * (dP - over_cols(dP * P0))
    P = softmax(Q @ K.T)
    loss = add_up(G * (P @ V))
    dS = P * (dP - over_cols(dP * P))
    return [
        Identity("attention by scores", grad(loss0, scores), dZ, (P0 * dP, dP - over_cols(dP * P0), P0 * (1 - P0) * dP)),
        Identity("attention by values", grad(loss, V), P.T @ G, (P.T @ G * 2, softmax(K @ Q.T) @ G)),
        Identity("attention by queries", grad(loss, Q), dS @ K, ((P * dP) @ K, 2 * (dS @ K))),
        Identity("attention by keys", grad(loss, K), dS.T @ Q, ((P * dP).T @ Q, -(dS.T @ Q))),
    ]  # fmt: skip


IDENTITIES = (*_vectors(), *_traces(), *_inverses(), *_statistics(), *_learning())
