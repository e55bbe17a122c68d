"""Measurements of speed and agreement, each a ratio against a baseline in the same run."""
