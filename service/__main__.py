"""Run the service: `python -m service`; `--help` lists the settings, `tune` finds good ones."""

import sys

from service import memory

if __name__ == "__main__":
    # With it every library is imported: to look for garbage among them again and again cost 80 of 1100 ms.
    with memory.uncollected():
        from service import command
    sys.exit(command.main())
