"""From bundles on disk to a predictor: at the start, and whenever a new version comes."""
