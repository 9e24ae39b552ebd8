"""What the mutations start from, and what they put in."""

from __future__ import annotations

FORMULAS = (
    r"f'(x) = 2x e^{6x} + x^2 \cdot 6 e^{6x}",
    r"\frac{\partial L}{\partial w_j} = \sum_{i=1}^{n} (\hat{y}_i - y_i)\, x_{ij}",
    r"\sigma(z) = \frac{1}{1+e^{-z}}",
    r"-\left[ y \log \hat y + (1-y) \log(1-\hat y) \right]",
    r"\lim_{h \to 0} \frac{f(x+h) - f(x)}{h} = 3x^2",
    r"\int_0^1 x^2 \, dx = \left[\frac{x^3}{3}\right]_0^1 = \frac13",
    r"\begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix} \begin{bmatrix} x \\ y \end{bmatrix}",
    r"\nabla_w J = X^\top (Xw - y)",
    r"\frac{d^2 y}{dx^2} + \frac{dy}{dx} = \ddot x + \dot x",
    r"w_{new} \leftarrow w_{old} - \eta \frac{\partial L}{\partial w}",
    r"\delta^{[l]} = (W^{[l+1]})^T \delta^{[l+1]} \odot \sigma'(z^{[l]})",
    r"p_k = \frac{\exp(z_k)}{\sum_{j} \exp(z_j)}, \quad k = 1,\dots,K",
    r"\left|\frac{x}{y}\right| \le \sqrt[3]{\lfloor x \rfloor + \lceil y \rceil}",
    r"\max_{i} x_i + \min(a, b) + \binom{n}{k} + n!",
    r"\underbrace{\cos(x^2)}_{\text{outer}} \cdot \overbrace{2x}^{\text{inner}} \tag{3} \label{eq:a}",
    r"\sin^{-1} x + \sin^2 2x - \log_2 8 = \operatorname{tr}(AB)",
    r"\|Xw - y\|_2^2 = \langle r, r \rangle = r^\top r",
    r"a \approx 0.693, \quad b = 1.5 \times 10^{-3}, \quad c = 1{,}000",
    r"\prod_{i=1}^n \frac{1}{\sqrt{2\pi\sigma^2}} e^{-\frac{(x_i-\mu)^2}{2\sigma^2}}",
    r"f_x = 2xy, f_{xy} = 2x, \quad \frac{\partial^2 f}{\partial x \partial y} = 2x",
    r"\mathcal{L}(\theta) = \mathbb{E}_{x \sim p} [\log q_\theta(x)]",
    r"\mathbb{1}[y = k] + \mathbf{1}_{\{x > 0\}} + \delta_{ij}",
    r"\begin{aligned} a &= b \\ &= c + d \\[2pt] &= e && \text{why} \end{aligned}",
    r"(1 - \tanh^2(3x)) \cdot 3 = 3\,\mathrm{sech}^2 3x \bigg|_{x=0}",
)
WORDS = (
    *r"\frac \sqrt \left \right \begin{align} \end{align} \begin{cases} \end{cases} \sum_{i=1}^n".split(),
    *r"\int_0^1 \lim \lfloor \, \; \quad".split(),
    *r"\partial \nabla \text{ \mathrm \hat \bar \dot \ddot \prime ' '' ^\top ^{-1} ^ _ __ ^^ & && \\ \\[".split(),
    *r"= \le \approx := \leftarrow \in \to \mapsto \cdot \times / ! | \| \langle \rangle ( ) [ ] { } \{ \}".split(),
    *r"$ $$ \( \) \[ \] % %~ \newcommand{\x}{\x} \def\a{\b}\def\b{\a}".split(),
    *r"\let\a=\a \newcommand{\y}[9]{#1#9} \x \y \a \q".split(),
    *r"\operatorname{foo} \DeclareMathOperator{\q}{q} \verb|x| \input{x} \undefined \! \@ \  \tag \label".split(),
    *"0 1 0.0 1e9 99999999999999999999 1/0 0/0 0.000000000001 .5 5. x y n i e".split(),
    *r"d dx d/dx 2^{2^{2^{2^{2}}}} 9^{9^9} \limits".split(),
    *("∂ ∑ ∏ √ ∞ ≤ ≠ · × ′ ² ₁ π σ 𝛼 𝑥 𝐗 ℝ ½ → ∇ − – \u200b \u202e \ufeff é 中 🙂 \u0301").split(" "),
    *("\0", "\x07", "\x1b[31m", "\r", "\n\n", "\t", " " * 50, "\\", "\ud7ff", "\U0010ffff"),
)  # fmt: skip
DOCUMENTS = (
    "Let $f(x) = x^2$ and\n\n$$f'(x) = {0}$$\n\nThen ${0}$.\n",
    "\\newcommand{{\\h}}{{\\hat y}}\n\\begin{{align}}\n  L &= {0} \\\\\n  &= {0}\n\\end{{align}}\n",
    "$$ {0} = {0} $$ and $$ = {0} $$\n",
    "\\[ {0} \\]\nwhere $z = {0}$ and $n > 0$\n",
    "| a | ${0}$ |\n|---|---|\n\n```\n${0}$\n```\n<!-- deriv: assume {0} -->\n",
)
