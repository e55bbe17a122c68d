import subprocess
import sys

CODE = """
from benchmarks.comparison.processes import proportional_memory, resident_memory
before = resident_memory()
block = bytearray(100_000_000)
block[::4096] = b"x" * len(block[::4096])
print(resident_memory() - before, resident_memory() - proportional_memory(["self"]))
"""


def test_megabytes_of_a_process_are_a_million_bytes() -> None:
    # In a process of its own: this one may have as much to give to a block without taking more.
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    grown, shared = map(float, done.stdout.split())
    assert 97 < grown < 103
    assert shared > -1
