"""Training loops and gradient checks on generated code."""

from __future__ import annotations

from deriv.training.api import train
from deriv.training.check import gradcheck
from deriv.training.loop import Diverged, History

__all__ = ["Diverged", "History", "gradcheck", "train"]
