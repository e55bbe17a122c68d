"""The report on a trained model: how good it is, where it fails, and what it can bear."""
