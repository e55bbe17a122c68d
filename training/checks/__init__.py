"""The x-ray of a data set: one reading pass, then a module per question."""
