"""Makes Ctrl-C work in the programs that tests start.

A shell that runs the tests in the background ignores SIGINT for them and all of their children.
"""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
