"""Questions in matrix notation: formula, variable, order; and the result where it was looked at by eye."""

LOGISTIC = r"-y^\top \log \sigma(X w) - (1 - y)^\top \log(1 - \sigma(X w))"
LOGISTIC_BIAS = r"-\frac{1}{n} (y^\top \log \sigma(X w + b) + (1 - y)^\top \log(1 - \sigma(X w + b)))"
SOFTMAX = r"-y^\top \ln \operatorname{softmax}(W x + b)"

GRADIENTS = [
    (r"\frac{1}{n} \|X w - y\|^2", "w", r"\frac{2}{n} X^\top (X w - y)"),
    (r"\frac{1}{2} \|y - X w\|^2", "w", r"X^\top (X w - y)"),
    (r"\frac{1}{n} \|X w - y\|^2 + \lambda \|w\|^2", "w", r"\frac{2}{n} X^\top (X w - y) + 2 \lambda w"),
    (r"\|X - U V\|_F^2", "U", r"2 (U V - X) V^\top"),
    (r"\|X - U V\|_F^2", "V", r"2 U^\top (U V - X)"),
    (r"x^\top A x", "x", r"(A^\top + A) x"),
    (r"x^\top A x + b^\top x", "x", r"(A^\top + A) x + b"),
    (r"a^\top X b", "X", r"a b^\top"),
    (r"\operatorname{tr}(A X)", "X", r"A^\top"),
    (r"\operatorname{tr}(A X B)", "X", r"A^\top B^\top"),
    (r"\operatorname{tr}(X^\top A X)", "X", r"(A + A^\top) X"),
    (r"\operatorname{tr}(A B A^\top)", "A", r"A (B^\top + B)"),
    (r"\operatorname{tr}(X^{-1} A)", "X", r"-X^{-\top} A^\top X^{-\top}"),
    (r"a^\top X^{-1} b", "X", r"-X^{-\top} a b^\top X^{-\top}"),
    (r"\det X", "X", r"\det(X) X^{-\top}"),
    (r"\log\det X", "X", r"X^{-\top}"),
    (r"\log\det(X^\top X)", "X", r"2 X (X^\top X)^{-1}"),
    (LOGISTIC, "w", r"X^\top (\sigma(X w) - y)"),
    (LOGISTIC_BIAS, "w", r"\frac{1}{n} X^\top (\sigma(X w + b) - y)"),
    (LOGISTIC_BIAS, "b", r"\frac{1}{n} \mathbf{1}^\top (\sigma(X w + b) - y)"),
    (SOFTMAX, "W", r"((\mathbf{1}^\top y) \operatorname{softmax}(W x + b) - y) x^\top"),
    (SOFTMAX, "x", r"W^\top ((\mathbf{1}^\top y) \operatorname{softmax}(W x + b) - y)"),
    (r"\frac{1}{2} \|V \tanh(U x) - y\|^2", "V", r"(V \tanh(U x) - y) \tanh(U x)^\top"),
    (r"\|\sigma(X U) V - Y\|_F^2", "U", r"2 X^\top ((H V - Y) V^\top \odot H \odot (1 - H))"),
    (r"\|\sigma(X U) V - Y\|_F^2", "V", r"2 (\sigma(X U))^\top (\sigma(X U) V - Y)"),
    (r"\|X w\|", "w", r"\frac{1}{\|X w\|} X^\top X w"),
    (r"\exp(-\|w\|^2)", "w", r"-2 e^{-\|w\|^2} w"),
    (r"\ln(1 + w^\top w)", "w", r"\frac{2}{1 + \|w\|^2} w"),
    (r"w^\top X^\top X w", "w", r"2 X^\top X w"),
    (r"\|X w - y\|^3", "w", r"3 \|X w - y\| X^\top (X w - y)"),
    (r"\|w\|_1 + \|w\|^2", "w", r"\operatorname{sign}(w) + 2 w"),
    (r"(a^\top x)(b^\top x)", "x", r"(b^\top x) a + (a^\top x) b"),
    (r"\frac{1}{2} \|V \tanh(U x) - y\|^2", "U", ""),
    (r"\frac{x^\top A x}{x^\top x}", "x", ""),
    (r"\mathbf{1}^\top \max(0, 1 - y \odot (X w))", "w", ""),
    (r"\mathbf{1}^\top \ln(1 + \exp(-y \odot (X w)))", "w", ""),
    (r"\|\operatorname{ReLU}(X W) v - y\|^2", "W", ""),
    (r"\|x x^\top - A\|_F^2", "x", ""),
]  # fmt: skip

HESSIANS = [
    (r"\frac{1}{n} \|X w - y\|^2", "w", r"\frac{2}{n} X^\top X"),
    (r"\frac{1}{n} \|X w - y\|^2 + \lambda \|w\|^2", "w", r"\frac{2}{n} X^\top X + 2 \lambda I"),
    (r"x^\top A x + b^\top x", "x", r"A^\top + A"),
    (LOGISTIC, "w", r"X^\top \operatorname{diag}(\sigma(X w) \odot (1 - \sigma(X w))) X"),
    (r"\exp(-\|w\|^2)", "w", r"2 e^{-\|w\|^2} (2 w w^\top - I)"),
    (
        r"-y^\top \ln \operatorname{softmax}(x)",
        "x",
        r"(\mathbf{1}^\top y) (\operatorname{diag}(P) - P (P)^\top)".replace("P", r"\operatorname{softmax}(x)"),
    ),
    (r"\|X w - y\|", "w", ""),
    (r"\mathbf{1}^\top \ln(1 + \exp(-y \odot (X w)))", "w", ""),
    (r"\frac{1}{2} \|\tanh(X w) - y\|^2", "w", ""),
]
