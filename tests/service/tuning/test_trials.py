"""What a trial says of the memory that it took."""

import sys
from pathlib import Path

import pytest

from service.tuning.trials import own_bytes

KNOWN = Path("/proc/self")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux says so")
def test_memory_is_known_where_the_system_has_no_summary_of_it(tmp_path: Path) -> None:
    (tmp_path / "statm").symlink_to(KNOWN / "statm")
    taken = bytearray(b"1" * (64 << 20))
    for process in (KNOWN, tmp_path):
        assert own_bytes(process) > len(taken)
    del taken
    assert own_bytes(tmp_path) < own_bytes(KNOWN) + (64 << 20)
