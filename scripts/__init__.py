"""Scripts that remake the files this repository ships."""
