"""From one photo to its typed answer, and the threads that work at it."""
