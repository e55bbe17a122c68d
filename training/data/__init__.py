"""Data sets: folders of labelled photos, their tables, and who is in which split."""
