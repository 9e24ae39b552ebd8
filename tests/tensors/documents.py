"""Generated documents and what is said about their last step."""

from __future__ import annotations

from deriv import check
from deriv.checking.results import Step
from tests.tensors.maker import Node
from tests.tensors.spell import declarations, latex


def last_step(text: str, kind: str = "markdown") -> Step:
    """The last step of a document."""
    return check(text, kind=kind).steps[-1]  # type: ignore[arg-type]


def gradient_claim(root: Node, name: str, slope: Node, *, bold: bool = False) -> str:
    """A document that defines f and claims a gradient."""
    said = declarations(root, slope, bold=bold)
    letter = rf"\mathbf{{{name}}}" if bold else name
    return f"{said}\n\n$$f = {latex(root, bold=bold)}$$\n\n$$\\nabla_{{{letter}}} f = {latex(slope, bold=bold)}$$\n"


def two_sides(node: Node, left: str, right: str, *, bold: bool = False) -> str:
    """A document that claims an identity."""
    return f"{declarations(node, bold=bold)}\n\n$${left} = {right}$$\n"
