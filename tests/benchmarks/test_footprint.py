import sys
from pathlib import Path

from benchmarks import footprint


def test_starts_are_measured_in_turns_with_the_libraries_alone(tmp_path: Path) -> None:
    services, libraries = footprint.starts(sys.executable, 2, tmp_path / "log")
    assert len(services) == len(libraries) == 2
    assert min(services + libraries) > 0


def test_memory_and_idling_are_those_of_the_running_service(tmp_path: Path) -> None:
    photo = Path("examples/portrait.jpg").read_bytes()
    rest, loaded, idle = footprint.between_requests(sys.executable, photo, 0.5, tmp_path / "log")
    assert 50 < rest < 400
    assert loaded and max(loaded) < 500
    assert 0 <= idle < 1
