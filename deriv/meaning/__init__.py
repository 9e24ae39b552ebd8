"""From what was written to what it means: survey, scope, elaboration, resolution of definitions."""
