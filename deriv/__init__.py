"""deriv catches calculus mistakes: it reads derivations, judges every step and proves what it says."""

__version__ = "0.1.0"
