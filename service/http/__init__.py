"""The HTTP surface: what comes in is checked, and what goes out is typed."""
