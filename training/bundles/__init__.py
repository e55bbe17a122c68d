"""Model bundles, written: the graph, its golden answers and its card."""
