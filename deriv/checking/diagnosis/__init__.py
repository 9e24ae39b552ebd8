"""Naming mistakes: wrong results that the rule book knows, and edits of the written line that repair it."""
