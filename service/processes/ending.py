"""The end of a process: at once, once what it has said is written."""

import logging
import os
import sys
from typing import NoReturn


def end(code: int) -> NoReturn:
    """End with this exit code; lines of the log have a second to be written.

    Not as Python ends: that takes the handlers of signals away, so that one that comes late would kill the
    process, and ONNX Runtime aborts it where a thread still computes.
    """
    try:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed before the start
                stream.flush()
    finally:  # also where nobody reads them any more
        os._exit(code)
