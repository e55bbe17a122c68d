import gc
import subprocess
import sys

import pytest

from service.machine import memory

GIVE_BACK = """
import re, sys
from service.machine import memory

if sys.argv[1] == "keep little":
    memory.keep_little()
large = b"x" * 30_000_000  # after which glibc takes what is smaller for its own to keep
del large
many = [b"x" * 1_000_000 for _ in range(50)]
del many
print(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def kilobytes_left(how: str) -> int:
    """Resident memory of a process that has given 80 megabytes back."""
    done = subprocess.run([sys.executable, "-c", GIVE_BACK, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has these settings")
def test_what_is_given_back_is_not_kept() -> None:
    assert kilobytes_left("keep little") < kilobytes_left("plain") - 20_000


KEEP_ALL = """
import re
from service.machine import memory

def kilobytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])

memory.keep_little()
before = kilobytes()
with memory.all_kept():
    for size in (30_000_000, 1_000_000):
        many = [b"x" * size for _ in range(30_000_000 // size)]
        del many
    kept = kilobytes()
after = kilobytes()
many = [b"x" * 1_000_000 for _ in range(50)]
del many
print(kept - before, after - before, kilobytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has these settings")
def test_while_networks_are_opened_all_is_kept_and_then_nothing_is() -> None:
    done = subprocess.run([sys.executable, "-c", KEEP_ALL], capture_output=True, text=True, check=True)
    kept, after, later = (int(number) for number in done.stdout.split())
    assert 25_000 < kept < 50_000  # the small ones in the place of the large one
    assert after < 8_000
    assert later < 35_000


def test_what_is_made_while_starting_is_left_out_of_later_collections() -> None:
    try:
        with memory.uncollected():
            assert not gc.isenabled()
            made: list[dict[str, int]] = [{} for _ in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(made)
    finally:
        gc.unfreeze()


def test_a_failed_start_turns_collections_on_again() -> None:
    try:
        with pytest.raises(ValueError), memory.uncollected():
            raise ValueError
        assert gc.isenabled()
    finally:
        gc.unfreeze()
