"""Inverses and determinants of matrices of balls; a matrix that may be singular has no inverse."""

from __future__ import annotations

import flint

from deriv.equal.ball_functions import Arb
from deriv.equal.budget import TooLarge, Undefined

Matrix = list[list[Arb]]
_LARGEST = 12


def inverse(entries: Matrix) -> Matrix:
    """The inverse by certified elimination."""
    _check(entries)
    try:
        found: Matrix = flint.arb_mat(entries).inv().table()
    except ZeroDivisionError:
        raise Undefined("a matrix without an inverse") from None
    return found


def determinant(entries: Matrix) -> Matrix:
    """The determinant as a matrix of one entry."""
    _check(entries)
    return [[flint.arb_mat(entries).det()]]


def _check(entries: Matrix) -> None:
    if len(entries) > _LARGEST:
        raise TooLarge("too large a matrix")
