"""How good a model is, on photos of people it never saw."""
