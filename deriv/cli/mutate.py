"""`deriv mutate`: wrong derivations out of right ones, for exercises and tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from deriv.checking.results import Code, DocumentKind
from deriv.cli.documents import Target, kind_of
from deriv.cli.output import write_lines
from deriv.config import parse_codes
from deriv.errors import UsageError


@click.command("mutate")
@click.argument("file", metavar="FILE")
@click.option("--count", "-n", type=click.IntRange(1), default=10, show_default=True, help="At most so many variants.")
@click.option("--seed", type=int, default=0, metavar="N", help="Another choice of variants.")
@click.option("--kind", multiple=True, metavar="CODE", help="Only mistakes of this kind (repeatable).")
@click.option("--output", "-o", metavar="DIR", help="Write each variant to a file of its own in a folder.")
def command(file: str, count: int, seed: int, kind: tuple[str, ...], output: str | None) -> None:
    """Make wrong derivations out of a right one.

    Each variant has one mistake, named in a comment on its first line; only variants whose changed step is refuted
    are made.  Without -o, the changed lines are listed.
    """
    from deriv.checking.mutate import labelled, variants

    codes = tuple(Code(code) for code in parse_codes([part for one in kind for part in one.split(",")], "--kind"))
    target = Target(file, Path(file))
    text = target.read()
    form: DocumentKind = kind_of(target.path, text)
    found = variants(text, path=target.name, kind=form, count=count, seed=seed, codes=codes)
    if not found:
        raise UsageError(f"{target.name}: no step that holds can be spoilt in this way")
    if output is None:
        write_lines((f"{target.name}:{v.line}: {v.code}: {v.wrong}  (right: {_flat(v.right)})" for v in found), None)
        return
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    names = _names(target.path, [str(variant.code) for variant in found])
    for name, variant in zip(names, found, strict=True):
        (folder / name).write_text(labelled(variant, form), encoding="utf-8")
    write_lines([f"{len(found)} variants in {output}"], None)


def _names(path: Path, codes: list[str]) -> Iterator[str]:
    for number, code in enumerate(codes, 1):
        yield f"{path.stem}-{number:02d}-{code}{path.suffix or '.md'}"


def _flat(text: str) -> str:
    return " ".join(text.split())
