"""The last moments of a process."""

import subprocess
import sys
from pathlib import Path

import pytest

# What `python -m service` does with an end that has come while something else goes on.
MEANWHILE = """if True:
    import os, runpy, signal, sys, threading
    import numpy as np
    from service import command
    from service.networks.runtime import ON_CPU
    from pathlib import Path

    class Late:
        def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGTERM):
            kill(own, number)

    def compute():
        session, pixels = ON_CPU.open(Path(sys.argv[1])), np.zeros((1, 32, 32, 3), np.uint8)
        while True:
            session.run(None, {"image": pixels})
            begun.release()

    def main():
        meanwhile = sys.argv[2]
        if meanwhile == "a signal":
            command.late = Late()  # while Python takes its modules apart
        else:
            for _ in range(4):
                threading.Thread(target=compute, daemon=True).start()
            for _ in range(40):
                begun.acquire()
        sys.stdout.write("last words")
        return 0

    begun = threading.Semaphore(0)
    command.main = main
    runpy.run_module("service", run_name="__main__")
"""


@pytest.mark.parametrize("meanwhile", ["a signal", "inferences"])
def test_the_exit_code_is_the_services_own_whatever_goes_on(models: Path, meanwhile: str) -> None:
    model = str(models / "colours" / "1" / "model.onnx")
    command = [sys.executable, "-c", MEANWHILE, model, meanwhile]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "last words", "")


def test_a_forked_process_ends_also_where_it_cannot_say_why() -> None:
    """It would go on as another supervisor otherwise, with the other processes for its own."""
    code = """if True:
        import os, sys
        from service.processes.child import fork
        from service.processes.shares import Share
        reader, writer = os.pipe()
        os.close(reader)
        sys.stderr = os.fdopen(writer, "w")

        def fail(*_):
            raise MemoryError

        try:
            sys.stdout.write(f"{fork(Share(), fail, lambda: None).bury()}")
        except OSError:
            sys.stdout.write("another supervisor")
        sys.stdout.flush()
        os._exit(0)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1")
