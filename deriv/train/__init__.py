"""Training loops and gradient checks on generated code."""

from __future__ import annotations

from deriv.train.api import train
from deriv.train.check import gradcheck
from deriv.train.loop import Diverged, History

__all__ = ["Diverged", "History", "gradcheck", "train"]
