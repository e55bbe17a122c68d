"""Training: variations of photos, cached features, epochs, and whole runs."""
