from benchmarks.comparison.processes import proportional_memory, resident_memory


def test_megabytes_of_a_process_are_a_million_bytes() -> None:
    before = resident_memory()
    block = bytearray(100_000_000)
    block[::4096] = b"x" * len(block[::4096])
    assert 97 < resident_memory() - before < 103
    assert 0 < proportional_memory(["self"]) <= resident_memory() + 1
