"""Gradient code: from a loss to vectorised programs that need nothing of deriv."""

from __future__ import annotations

from deriv.codegen.generate import Generated, generate
from deriv.codegen.sizes import Definition

__all__ = ["Definition", "Generated", "generate"]
