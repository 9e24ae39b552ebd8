"""The pages of `deriv explain`: one Markdown file for each diagnosis code, shipped in the package."""

from __future__ import annotations

from importlib.resources import files

HEADINGS = ("What it means", "Wrong", "Right", "Why")
"""The sections of every page; a test holds the pages to them."""


def page(code: str) -> str | None:
    """The page of a code, None when there is no such code."""
    file = files("deriv.report") / "codes" / f"{code}.md"
    return file.read_text(encoding="utf-8") if code in codes() else None


def codes() -> list[str]:
    """The codes that have a page."""
    folder = files("deriv.report") / "codes"
    return sorted(entry.name.removesuffix(".md") for entry in folder.iterdir() if entry.name.endswith(".md"))


def one_sentence(code: str) -> str:
    """The first paragraph of a page's first section."""
    text = page(code) or ""
    body = text.partition(f"## {HEADINGS[0]}\n")[2].strip()
    return " ".join(body.split("\n\n")[0].split())
