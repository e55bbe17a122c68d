"""Sort photos into classes in the browser: a journal, a queue, and a page for this machine."""
