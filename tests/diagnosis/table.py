"""Wrong steps as people write them, each with the code a teacher would give it.

A case is (code, what is given before, the chain whose last relation is wrong).  Several codes separated by a bar mean
that teachers would differ; the first is the likelier.
"""

from __future__ import annotations

LOGISTIC = r"Let $z = w x + b$, $\hat y = \sigma(z)$ and $L = -[y \log \hat y + (1-y)\log(1-\hat y)]$."
SQUARE = r"The prediction is $\hat y = w x + b$ and the loss is $L = (y - \hat y)^2$."
HALF = r"Let $L = \frac12 (\hat y - y)^2$ with $\hat y = w x + b$."
MEAN = r"We minimise $J(w) = \frac{1}{n}\sum_{i=1}^n (w x_i - y_i)^2$."
SIGMOID = r"Let $\sigma(z) = \frac{1}{1+e^{-z}}$."

ELEMENTARY = (
    # function-rule: the derivative of a named function
    ("function-rule", "", r"\frac{d}{dx}\tan x = \sec x"),
    ("function-rule", "", r"\frac{d}{dx} \ln x = \ln x"),
    ("function-rule", "", r"\frac{d}{dx} \tanh x = 1 - \tanh x"),
    ("function-rule", "", r"\frac{d}{dx} \tanh(x) = -\tanh^2(x)"),
    ("function-rule", "", r"\frac{d}{dx} \arctan x = \frac{1}{1 - x^2}"),
    ("function-rule", "", r"\frac{d}{dx} \arctan x = \frac{1}{\sqrt{1 + x^2}}"),
    ("function-rule", "", r"\frac{d}{dt} \arcsin t = \frac{1}{1-t^2}"),
    ("function-rule", "", r"\frac{d}{dx} \sin x = \sin x"),
    ("function-rule", "", r"\frac{d}{dx}\left(x^2 + \ln x\right) = 2x + \ln x"),
    ("function-rule", "", r"\frac{d}{dx} 2^x = 2^x"),
    ("function-rule", SIGMOID, r"\frac{d\sigma}{dz} = \sigma(z)(1 + \sigma(z))"),
    ("function-rule", SIGMOID, r"\sigma'(z) = 1 - \sigma(z)"),
    ("function-rule", SIGMOID, r"\sigma'(z) = 1 - \sigma(z)^2"),
    ("function-rule", "", r"\frac{d}{dz} \sigma(z) = \sigma(z)(1 + \sigma(z))"),
    ("function-rule", "", r"\frac{d}{dx} e^{2x} \tan x = 2 e^{2x} \tan x + e^{2x} \sec x"),
    ("function-rule", r"Let $h = \tanh(a)$ and $a = u x$.", r"\frac{\partial h}{\partial u} = (1 - h) x"),
    ("function-rule", "", r"\frac{d}{dx} \log_{10} x = \frac{1}{x}"),
    (
        "function-rule",
        r"Let $s_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$.",
        r"\frac{\partial s_i}{\partial z_j} = s_i (1 - s_i)",
    ),
    # power-rule
    ("power-rule", "", r"\frac{d}{dx} x^3 = 3x^3"),
    ("power-rule", "", r"\frac{d}{dx} x^4 = x^3"),
    ("power-rule", "", r"\frac{d}{dx} x^{-2} = -2 x^{-1}"),
    ("power-rule", "", r"\frac{d}{dt}(t^5 - t) = 5t^5 - 1"),
    ("power-rule", "", r"\frac{d}{dx} \sqrt{x} = \frac{1}{\sqrt{x}}"),
    ("power-rule", "", r"\frac{d}{dx}\left(3x^2 + 2x\right) = 3x + 2"),
    ("power-rule", "", r"\frac{d}{dx} e^x = x e^{x-1}"),
    ("power-rule", "", r"\frac{d}{dx} x^x = x \cdot x^{x-1}"),
    ("power-rule", "", r"\frac{d}{dx} x^3 = \frac{x^4}{4}"),
    ("power-rule", r"Let $f(x) = x^7$.", r"f'(x) = 7x^7"),
    ("power-rule", "", r"\frac{d}{dx} (x^2+1)^3 = 6x(x^2+1)^3"),
    (
        "power-rule",
        r"Let $\ell(\sigma) = -n \log\sigma - \frac{S}{2\sigma^2}$.",
        r"\frac{d\ell}{d\sigma} = -\frac{n}{\sigma} + \frac{S}{\sigma^2}",
    ),
    # chain-rule
    ("chain-rule", "", r"\frac{d}{dx} \sin(2x) = \cos(2x)"),
    ("chain-rule", "", r"\frac{d}{dx} \sin(x^2) = \cos(x^2)"),
    ("chain-rule", "", r"\frac{d}{dx} e^{-x^2} = e^{-x^2}"),
    ("chain-rule", "", r"\frac{d}{dx} (3x+1)^4 = 4(3x+1)^3"),
    ("chain-rule", "", r"\frac{d}{dx} \ln(x^2+1) = \frac{1}{x^2+1}"),
    ("chain-rule", "", r"\frac{d}{dx} \sin(x^2) = 2x\cos(x)"),
    ("chain-rule", "", r"\frac{d}{dx} \sin(x^2) = \cos(2x)"),
    ("chain-rule", "", r"\frac{d}{dx} \sqrt{1+x^2} = \frac{1}{2\sqrt{1+x^2}}"),
    ("chain-rule", "", r"\frac{d}{dt} e^{-3t} = e^{-3t}"),
    ("chain-rule", "", r"\frac{d}{dx} \cos^3 x = 3\cos^2 x"),
    ("chain-rule", "", r"\frac{d}{dx} \ln(\cos x) = \frac{1}{\cos x}"),
    ("chain-rule", r"Let $f(x) = e^{\sin x}$.", r"f'(x) = e^{\sin x}"),
    ("chain-rule", r"Let $f(x) = e^{\sin x}$.", r"f'(x) = e^{\cos x}"),
    ("chain-rule", SQUARE, r"\frac{\partial L}{\partial w} = -2(y - \hat y)"),
    ("chain-rule", LOGISTIC, r"\frac{\partial \hat y}{\partial w} = \hat y (1 - \hat y)"),
    ("chain-rule", LOGISTIC, r"\frac{\partial L}{\partial w} = \hat y - y"),
    ("chain-rule", r"Let $h = \tanh(a)$ and $a = u x + c$.", r"\frac{\partial h}{\partial u} = 1 - h^2"),
    ("chain-rule", MEAN, r"\frac{dJ}{dw} = \frac{2}{n}\sum_{i=1}^n (w x_i - y_i)"),
    ("chain-rule", "", r"\frac{d}{dx} f(g(x)) = f'(g(x))"),
    ("chain-rule", "", r"\frac{d}{dx} f(g(x)) = f'(x) g'(x)"),
    ("chain-rule", r"Let $E = \frac12 (t - \sigma(w x))^2$.", r"\frac{dE}{dw} = -(t - \sigma(wx)) x"),
    # product-rule
    ("product-rule", "", r"\frac{d}{dx} x^2 \sin x = 2x \cos x"),
    ("product-rule", "", r"\frac{d}{dx} (x e^x) = e^x"),
    ("product-rule", "", r"\frac{d}{dx} \left[x \ln x\right] = \ln x"),
    ("product-rule", "", r"\frac{d}{dx} x^2 e^{3x} = 2x e^{3x}"),
    ("product-rule", "", r"\frac{d}{dt} t^3 \cos t = -3t^2 \sin t"),
    ("product-rule", r"Let $f(x) = (x+1)\sqrt{x}$.", r"f'(x) = \frac{1}{2\sqrt{x}}"),
    ("product-rule", r"Let $f(x) = (x+1)\sqrt{x}$.", r"f'(x) = \sqrt x"),
    ("product-rule", "", r"\frac{d}{dx} \left(f(x) g(x)\right) = f'(x) g'(x)"),
    ("product-rule", "", r"\frac{d}{dx} x \sin x = \sin x + \cos x"),
    ("product-rule", "", r"\frac{d}{dx} e^{x} \sin x \cos x = e^x \sin x \cos x + e^x \cos^2 x"),
    # quotient-rule
    ("quotient-rule", "", r"\frac{d}{dx} \frac{\sin x}{x} = \frac{\sin x - x \cos x}{x^2}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{\sin x}{x} = \frac{x\cos x - \sin x}{x}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{\sin x}{x} = \frac{x\cos x + \sin x}{x^2}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{x}{x^2+1} = \frac{1}{2x}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{x}{x^2+1} = \frac{2x^2 - (x^2+1)}{(x^2+1)^2}"),
    ("quotient-rule", r"Let $g(t) = \frac{t^2}{t-1}$.", r"g'(t) = \frac{2t(t-1) - t^2}{t-1}"),
    ("quotient-rule", r"Let $g(t) = \frac{t^2}{t-1}$.", r"g'(t) = \frac{t^2 - 2t(t-1)}{(t-1)^2}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{e^x}{1+e^x} = \frac{e^x(1+e^x) + e^x e^x}{(1+e^x)^2}"),
    ("quotient-rule", "", r"\frac{d}{dx} \frac{e^x}{x} = e^x x - e^x"),
)

SIGNS = (
    ("sign", "", r"\frac{d}{dx} \cos x = \sin x"),
    ("sign", "", r"\frac{d}{dx} \cos(3x) = 3\sin(3x)"),
    ("sign", "", r"\frac{d}{dx} \frac{1}{x} = \frac{1}{x^2}"),
    ("sign", "", r"\frac{d}{dx} \sin x = -\cos x"),
    ("sign|chain-rule", "", r"\frac{d}{dx} e^{-x} = e^{-x}"),
    ("sign", SQUARE, r"\frac{\partial L}{\partial w} = 2(y - \hat y) x"),
    ("sign", SQUARE, r"\frac{\partial L}{\partial b} = 2(y - \hat y)"),
    ("sign", HALF, r"\frac{\partial L}{\partial w} = (y - \hat y) x"),
    ("sign", LOGISTIC, r"\frac{\partial L}{\partial w} = (y - \hat y) x"),
    ("sign", LOGISTIC, r"\frac{\partial L}{\partial z} = y - \hat y"),
    ("sign", LOGISTIC, r"\frac{\partial L}{\partial \hat y} = \frac{y}{\hat y} - \frac{1-y}{1-\hat y}"),
    ("sign", LOGISTIC, r"\frac{\partial L}{\partial \hat y} = -\frac{y}{\hat y} - \frac{1-y}{1-\hat y}"),
    ("sign", "", r"\frac{d}{dx}(x^3 - 2x^2 + x) = 3x^2 + 4x + 1"),
    ("sign", "", r"-(a - b) c = -a c - b c"),
    ("sign", "", r"(x - 3)^2 = x^2 + 6x + 9"),
    ("sign", MEAN, r"\frac{dJ}{dw} = \frac{2}{n}\sum_{i=1}^n (y_i - w x_i) x_i"),
    ("sign", "", r"\frac{d}{dx} x \cos x = \cos x + x \sin x"),
    ("sign", "", r"\frac{d}{dx} \left(x^2 \cos x\right) = 2x \cos x + x^2\sin x"),
    ("sign|chain-rule", "", r"\frac{d}{dx} \left[\ln(1-x)\right] = \frac{1}{1-x}"),
    ("exponent-sign", SIGMOID, r"\sigma'(z) = \frac{e^{z}}{(1 + e^{-z})^2}"),
    ("exponent-sign", "", r"\frac{d}{dx} e^{-x} = -e^{x}"),
    ("exponent-sign", "", r"\frac{d}{dx} \left(x e^{-x}\right) = e^{-x} - x e^{x}"),
    ("exponent-sign", "", r"\frac{e^x}{1 + e^x} = \frac{1}{1+e^{x}}"),
    ("exponent-sign", r"Let $p(t) = \exp(-k t)$.", r"p'(t) = -k\exp(k t)"),
    ("exponent-sign", "", r"\frac{e^{a}}{e^{b}} = e^{a} e^{b}"),
)

FACTORS = (
    ("constant-factor", MEAN, r"\frac{dJ}{dw} = 2\sum_{i=1}^n (w x_i - y_i) x_i"),
    ("constant-factor", MEAN, r"\frac{dJ}{dw} = \frac{1}{n}\sum_{i=1}^n (w x_i - y_i) x_i"),
    ("constant-factor", HALF, r"\frac{\partial L}{\partial w} = 2(\hat y - y) x"),
    ("constant-factor", SQUARE, r"\frac{\partial L}{\partial w} = -(y - \hat y) x"),
    ("constant-factor", SQUARE, r"\frac{\partial L}{\partial b} = -4(y-\hat y)"),
    ("constant-factor", r"Let $R(w) = \frac{\lambda}{2} w^2$.", r"R'(w) = 2\lambda w"),
    ("constant-factor", "", r"\frac{d}{dx} 5 \sin x = \cos x"),
    ("constant-factor", "", r"\frac{d}{dx} \frac{x^2 + x}{3} = 2x + 1"),
    ("constant-factor|algebra", "", r"(2x + 4)(x + 1) = 4(x+2)(x+1)"),
    (
        "constant-factor",
        r"Let $J(\theta) = \frac{1}{2m}\sum_{i=1}^m (\theta x_i - y_i)^2$.",
        r"\frac{dJ}{d\theta} = \sum_{i=1}^m (\theta x_i - y_i) x_i",
    ),
    (
        "constant-factor",
        r"Let $J(\theta) = \frac{1}{2m}\sum_{i=1}^m (\theta x_i - y_i)^2$.",
        r"\frac{dJ}{d\theta} = \frac{1}{2m}\sum_{i=1}^m (\theta x_i - y_i) x_i",
    ),
    ("constant-factor", r"Let $\mu = \frac{1}{n}\sum_{i=1}^n x_i$.", r"\frac{\partial \mu}{\partial x_j} = 1"),
    ("numeric", "", r"3 \cdot 4 + 2 = 15"),
    ("numeric", "", r"\frac{1}{1+e^{-0.5}} = 0.72"),
    ("numeric", "", r"\sqrt{2} = 1.51"),
    ("numeric", "", r"-\log(0.7) = 0.46"),
    ("numeric", "", r"0.2 \cdot 0.5 + 0.3 = 0.6"),
    ("numeric", "", r"2^5 = 64"),
    ("numeric|algebra", "", r"(x+2)^2 = x^2 + 4x + 6"),
    ("numeric|algebra|constant-factor", "", r"3(x + 5) - 2x = x + 12"),
)

TERMS = (
    ("missing-term", "", r"\frac{d}{dx}(x^3 + 2x^2 + 5x) = 3x^2 + 4x"),
    ("missing-term|algebra", "", r"(x + y)^2 = x^2 + y^2"),
    ("missing-term|algebra", "", r"(x+1)(x+2) = x^2 + 3x"),
    ("missing-term", r"Let $F = a^2 + w a + w$.", r"\frac{\partial F}{\partial w} = a"),
    (
        "missing-term",
        r"Let $E = (y - w x)^2 + \lambda w^2$.",
        r"\frac{\partial E}{\partial w} = -2(y - w x)x",
    ),
    ("missing-term|algebra", "", r"a(b + c + d) = ab + ac"),
    ("extra-term", "", r"\frac{d}{dx}(x^2 + 7) = 2x + 7"),
    ("extra-term", "", r"\frac{d}{dx}(x^2 + 3x) = 2x + 3 + x"),
    ("extra-term", "", r"\frac{\partial}{\partial w}(w x + b) = x + b"),
    ("extra-term", r"Let $q = 3u^2 + v$.", r"\frac{\partial q}{\partial u} = 6u + v"),
    ("extra-term|algebra", "", r"x(x+1) = x^2 + x + 1"),
    ("wrong-variable", "", r"\frac{\partial}{\partial w}(w x + b) = w"),
    ("wrong-variable", SQUARE, r"\frac{\partial L}{\partial w} = -2(x - \hat y) x"),
    ("wrong-variable", r"Let $q = x y + z$.", r"\frac{\partial q}{\partial x} = x"),
    ("wrong-variable", LOGISTIC, r"\frac{\partial L}{\partial b} = \hat y - x"),
    (
        "wrong-variable",
        "",
        r"\frac{\partial}{\partial w}(w x + b) = \frac{\partial}{\partial x}(w x) + \frac{\partial}{\partial x} b",
    ),
    ("wrong-variable", r"Let $f(x,y) = x^2 y + y$.", r"\frac{\partial f}{\partial x} = x^2 + 1"),
    ("wrong-variable", r"Let $f(x,y) = x^2 y^3$.", r"\frac{\partial f}{\partial x} = 2 x y^2 \cdot x"),
    ("wrong-variable", "", r"a(b + c) = ab + bc"),
    ("index", r"Let $a_j = \sum_k w_{jk} x_k$.", r"\frac{\partial a_j}{\partial w_{jk}} = x_j"),
    ("index", r"Let $q = \sum_i a_i x_i^2$.", r"\frac{\partial q}{\partial x_j} = 2 a_i x_j"),
    ("index", r"Let $z_j = \sum_i w_{ji} x_i$.", r"\frac{\partial z_j}{\partial x_i} = w_{ij}"),
    ("index", "", r"\sum_{i=1}^n (a_i + b_i) = \sum_{i=1}^n a_i + \sum_{i=1}^n b_{i+1}"),
    ("sum", r"Let $S = \sum_{i=1}^n (w x_i - y_i)^2$.", r"\frac{dS}{dw} = \frac{2}{n}\sum_{i=1}^n (w x_i - y_i) x_i"),
    ("sum", r"Let $q = \sum_{i=1}^n x_i^2$.", r"\frac{\partial q}{\partial x_j} = \sum_{i=1}^n 2 x_i"),
    ("sum", "", r"\sum_{i=1}^n c = c"),
)

ALGEBRA = (
    ("algebra", "", r"\log(a b) = \log a \log b"),
    ("algebra", "", r"\ln(x + y) = \ln x + \ln y"),
    ("algebra", "", r"e^{a+b} = e^a + e^b"),
    ("algebra", "", r"\frac{a + b}{c} = \frac{a}{c} + b"),
    ("algebra", "", r"2(x + 3) = 2x + 3"),
    ("algebra", "", r"\sqrt{x^2 + y^2} = x + y"),
    ("algebra", "", r"\frac{1}{a + b} = \frac1a + \frac1b"),
    ("algebra", "", r"\frac{a}{b} + \frac{c}{d} = \frac{a+c}{b+d}"),
    ("algebra", "", r"(2x)^3 = 2x^3"),
    ("algebra", "", r"\frac{a/b}{c} = \frac{a c}{b}"),
    ("algebra", "", r"(x^2)^3 = x^5"),
    ("algebra", "", r"x^2 x^3 = x^6"),
    ("algebra", "", r"\frac{x^2 + x}{x} = x^2 + 1"),
    ("algebra", "", r"\log(x^3) = \log(x)^3"),
    ("algebra", "", r"1 - \sigma(z) = \sigma(1 - z)"),
    ("sign|algebra", "", r"1 - \sigma(z) = -\sigma(-z)"),
    ("algebra", "", r"\frac{x}{y} = \frac{y}{x}"),
    ("algebra|power-rule", "", r"(x+1)^2 (x+1) = (x+1)^2"),
    ("algebra", "", r"x^2 - y^2 = (x - y)^2"),
)

MATRICES = (
    (
        "transpose",
        r"Let $f(x) = x^\top A x$ with $x \in \mathbb{R}^n$ and $A \in \mathbb{R}^{n \times n}$.",
        r"\nabla f(x) = 2 A x",
    ),
    (
        "transpose",
        r"With $A \in \mathbb{R}^{n\times n}$ and $B \in \mathbb{R}^{n\times n}$:",
        r"(A B)^\top = A^\top B^\top",
    ),
    (
        "transpose",
        r"With $A \in \mathbb{R}^{m\times n}$, $x \in \mathbb{R}^n$ and $y \in \mathbb{R}^m$:",
        r"\nabla_x (y^\top A x) = A y",
    ),
    (
        "sign",
        r"Let $J(w) = \|X w - y\|^2$ with $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $y\in\mathbb{R}^n$.",
        r"\nabla_w J = 2 X^\top (y - X w)",
    ),
    (
        "constant-factor",
        r"Let $J(w) = \|X w - y\|^2$ with $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $y\in\mathbb{R}^n$.",
        r"\nabla_w J = X^\top (X w - y)",
    ),
)

CASES = (*ELEMENTARY, *SIGNS, *FACTORS, *TERMS, *ALGEBRA, *MATRICES)

OPEN = {
    r"\nabla_x (y^\top A x) = A y": "sizes that do not fit are not judged",
    r"\frac{\partial \mu}{\partial x_j} = 1": "a number on the right may have been put in",
    r"a(b + c + d) = ab + ac": "may be an equation",
    r"\frac{\partial}{\partial w}(w x + b) = x + b": "b is not introduced",
    r"\frac{\partial}{\partial w}(w x + b) = w": "w is not introduced",
    r"\frac{\partial}{\partial w}(w x + b) = \frac{\partial}{\partial x}(w x) + \frac{\partial}{\partial x} b": (
        "how b depends on x is not stated"
    ),
    r"\sum_{i=1}^n c = c": "holds for n = 1",
    r"e^{a+b} = e^a + e^b": "taken for a definition",
    r"\nabla_w J = 2 X^\top (y - X w)": "how X depends on w is not stated",
    r"\nabla_w J = X^\top (X w - y)": "how X depends on w is not stated",
}
"""Steps that are wrong and not refuted yet, each with the reason that is given."""
