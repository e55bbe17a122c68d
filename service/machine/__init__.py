"""The machine: its CPUs, its memory, its file descriptors, its threads."""
