"""Right steps in varied notation: what is given, and a chain that holds."""

from __future__ import annotations

from tests.diagnosis.table import HALF, LOGISTIC, MEAN, SIGMOID, SQUARE

RIGHT = (
    ("", r"\frac{d}{dx} x^3 \sin x = 3x^2 \sin x + x^3 \cos x"),
    ("", r"\frac{d}{dx} \frac{x}{x^2+1} = \frac{(x^2+1) - 2x^2}{(x^2+1)^2} = \frac{1 - x^2}{(x^2+1)^2}"),
    ("", r"\frac{d}{dx} \sin(3x + 1) = 3\cos(3x+1)"),
    ("", r"\frac{d}{dt} e^{-t^2} = -2t e^{-t^2}"),
    ("", r"\frac{d}{dx} \ln(x^2 + 1) = \frac{2x}{x^2+1}"),
    ("", r"\frac{d}{dx}\left(x^4 - 3x^2 + 5x\right) = 4x^3 - 6x + 5"),
    ("", r"\frac{d}{dx} (2x - 1)^5 = 10(2x-1)^4"),
    ("", r"\frac{d}{dx} \sqrt{1 + x^2} = \frac{x}{\sqrt{1 + x^2}}"),
    ("", r"\frac{d}{dx} x e^{2x} = e^{2x} + 2x e^{2x} = (1 + 2x)e^{2x}"),
    ("", r"\frac{d}{dx} \tanh(5x) = 5(1 - \tanh^2(5x))"),
    ("", r"\frac{d}{dx} \arctan(2x) = \frac{2}{1 + 4x^2}"),
    ("", r"\frac{d}{dx} \frac{e^x}{x} = \frac{x e^x - e^x}{x^2} = \frac{(x-1)e^x}{x^2}"),
    ("", r"\frac{d}{dx} \cos^2 x = -2\cos x \sin x"),
    ("", r"\frac{d}{du} \left(u^2 + 1\right)\cos u = 2u \cos u - (u^2+1)\sin u"),
    ("", r"\frac{d}{dx} \frac{1}{1 + e^{-x}} = \frac{e^{-x}}{(1 + e^{-x})^2}"),
    (r"Let $f(x) = \frac{x^2}{x + 1}$.", r"f'(x) = \frac{2x(x+1) - x^2}{(x+1)^2} = \frac{x^2 + 2x}{(x+1)^2}"),
    (r"Let $f(x) = e^{\sin x}$.", r"f'(x) = e^{\sin x} \cos x"),
    (r"Let $g(t) = t^2 \ln t$.", r"g'(t) = 2t \ln t + t"),
    (r"Let $h(x) = (3x+1)^2 (x - 2)$.", r"h'(x) = 6(3x+1)(x-2) + (3x+1)^2"),
    (r"Let $f(x,y) = x^2 y + y^3$.", r"\frac{\partial f}{\partial x} = 2xy"),
    (r"Let $f(x,y) = x^2 y + y^3$.", r"\frac{\partial f}{\partial y} = x^2 + 3y^2"),
    (r"Let $q = 3u^2 v + v$.", r"\frac{\partial q}{\partial v} = 3u^2 + 1"),
    (SIGMOID, r"\sigma'(z) = \frac{e^{-z}}{(1+e^{-z})^2} = \sigma(z)(1 - \sigma(z))"),
    (SQUARE, r"\frac{\partial L}{\partial w} = -2(y - \hat y) x"),
    (SQUARE, r"\frac{\partial L}{\partial w} = 2 (\hat y - y) \frac{\partial \hat y}{\partial w} = 2(\hat y - y) x"),
    (SQUARE, r"\frac{\partial L}{\partial b} = -2(y - \hat y)"),
    (HALF, r"\frac{\partial L}{\partial w} = (\hat y - y) x"),
    (LOGISTIC, r"\frac{\partial L}{\partial \hat y} = -\frac{y}{\hat y} + \frac{1-y}{1-\hat y}"),
    (LOGISTIC, r"\frac{\partial \hat y}{\partial z} = \hat y(1-\hat y)"),
    (LOGISTIC, r"\frac{\partial L}{\partial z} = \hat y - y"),
    (LOGISTIC, r"\frac{\partial L}{\partial w} = (\hat y - y) x"),
    (MEAN, r"\frac{dJ}{dw} = \frac{2}{n}\sum_{i=1}^n (w x_i - y_i) x_i"),
    (
        r"Let $J(\theta) = \frac{1}{2m}\sum_{i=1}^m (\theta x_i - y_i)^2$.",
        r"\frac{dJ}{d\theta} = \frac{1}{m}\sum_{i=1}^m (\theta x_i - y_i) x_i",
    ),
    (
        r"Let $E = (y - w x)^2 + \lambda w^2$.",
        r"\frac{\partial E}{\partial w} = -2(y - w x)x + 2\lambda w",
    ),
    (
        r"Let $h = \tanh(a)$ and $a = u x + c$.",
        r"\frac{\partial h}{\partial u} = (1 - \tanh^2(a)) \frac{\partial a}{\partial u} = (1 - h^2) x",
    ),
    (r"Let $E = \frac12 (t - \sigma(w x))^2$.", r"\frac{dE}{dw} = -(t - \sigma(wx)) \sigma(wx)(1-\sigma(wx)) x"),
    (
        r"Let $\ell(\mu) = \sum_{i=1}^n (x_i - \mu)^2$.",
        r"\frac{d\ell}{d\mu} = -2\sum_{i=1}^n (x_i - \mu)",
    ),
    (
        r"Let $\ell(\lambda) = n\log\lambda - \lambda \sum_{i=1}^n x_i$.",
        r"\frac{d\ell}{d\lambda} = \frac{n}{\lambda} - \sum_{i=1}^n x_i",
    ),
    (
        r"Let $\ell(\sigma) = -n \log\sigma - \frac{S}{2\sigma^2}$.",
        r"\frac{d\ell}{d\sigma} = -\frac{n}{\sigma} + \frac{S}{\sigma^3}",
    ),
    (r"Let $q = \sum_{i=1}^n a_i x_i^2$.", r"\frac{\partial q}{\partial x_j} = 2 a_j x_j"),
    (r"Let $z_j = \sum_{k=1}^d w_{jk} x_k$.", r"\frac{\partial z_j}{\partial w_{jk}} = x_k"),
    (r"Let $z_j = \sum_{k=1}^d w_{jk} x_k$.", r"\frac{\partial z_j}{\partial x_k} = w_{jk}"),
    (r"Let $C = \frac12\sum_k (t_k - y_k)^2$.", r"\frac{\partial C}{\partial y_k} = y_k - t_k"),
    (r"Let $v = \beta m + (1-\beta) g^2$.", r"\frac{\partial v}{\partial \beta} = m - g^2"),
    ("", r"(x + 3)^2 = x^2 + 6x + 9"),
    ("", r"(a - b)(a + b) = a^2 - b^2"),
    ("", r"\frac{1}{x} + \frac{1}{y} = \frac{x + y}{xy}"),
    ("", r"\frac{e^x}{1 + e^x} = \frac{1}{1 + e^{-x}}"),
    ("", r"1 - \sigma(z) = \sigma(-z)"),
    ("", r"x^2 - 5x + 6 = (x - 2)(x - 3)"),
    ("", r"2(x + 3) - (x - 1) = x + 7"),
    ("", r"e^{2x} - e^{x} = e^x(e^x - 1)"),
    ("", r"\sum_{i=1}^n (a_i - b_i) c = c\sum_{i=1}^n a_i - c\sum_{i=1}^n b_i"),
    ("", r"\sin^2 x - \cos^2 x = 1 - 2\cos^2 x"),
    ("", r"3 \cdot 4 + 2 = 14"),
    ("", r"\frac{1}{1+e^{-0.5}} = 0.62"),
    (
        r"With $A \in \mathbb{R}^{n\times n}$, $B \in \mathbb{R}^{n\times n}$:",
        r"(A B)^\top = B^\top A^\top",
    ),
    (
        r"With $A \in \mathbb{R}^{m\times n}$, $x \in \mathbb{R}^n$ and $y \in \mathbb{R}^m$:",
        r"\nabla_x (y^\top A x) = A^\top y",
    ),
    (
        r"With $A \in \mathbb{R}^{n\times n}$ and $x \in \mathbb{R}^n$:",
        r"\nabla_x (x^\top A x) = (A + A^\top) x",
    ),
)

FALSE = {
    r"\frac{d}{du} \left(u^2 + 1\right)\cos u = 2u \cos u - (u^2+1)\sin u": (
        "the operator is read to end at the bracket"
    ),
}
"""Right steps that are called wrong because of how they are read."""
