"""Whole vectors and matrices in derivations: raised from index form, differentiated by named rules, printed."""
