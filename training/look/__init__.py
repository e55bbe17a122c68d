"""A look inside an exported model: what each layer sees, and what in the picture decided."""
