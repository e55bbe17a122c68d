"""Run the service: `python -m service`; `--help` lists the settings, `tune` finds good ones."""

import os
import signal
import sys

if __name__ == "__main__":
    # SIGTERM and Ctrl-C end the start at once; server and `tune` have their own way once they run. Before all
    # imports: the first process of a container ignores SIGTERM until then, and would be killed for it, and
    # libraries that are interrupted call themselves broken.
    serving = sys.argv[1:2] != ["tune"]
    # A shell without job control has what it starts in the background ignore Ctrl-C, and `tune` leaves it so.
    heard = serving or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    for number in (signal.SIGTERM, *([signal.SIGINT] if heard else [])):
        signal.signal(number, lambda number, _: os._exit(0 if serving else 128 + number))
    from service.machine import memory

    # With it every library is imported: to look for garbage among them again and again cost 80 of 1100 ms.
    with memory.uncollected():
        from service import command
        from service.processes import ending
    code = command.main()
    if serving:
        ending.end(code)
    sys.exit(code)
