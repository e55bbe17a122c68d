from pathlib import Path

import pytest

from benchmarks.soak import Seen, mix, report

UPLOADS = mix(Path("examples/portrait.jpg").read_bytes())


def seen(status: int) -> Seen:
    """Every upload answered as promised and refused once, the portrait of a face with a status."""
    found = Seen()
    for upload in UPLOADS:
        found.answered(upload, status if upload.name == "photo" else upload.statuses[0], 0.02)
        found.answered(upload, 503, 0.001)
    return found


@pytest.mark.parametrize(("status", "held"), [(200, True), (422, False)])
def test_a_portrait_that_is_refused_is_a_broken_promise(
    status: int, held: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(seen(200), seen(status), [200.0] * 120, 120.0) is held
    rows = capsys.readouterr().out.splitlines()
    assert [row for row in rows if row.startswith("photo ") and row.endswith(f"   {status}: 1, 503: 1")]


def test_memory_is_told_from_the_moment_it_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    for seconds, settled in ((120, 40), (600, 60)):
        assert report(seen(200), seen(200), [100.0] * settled + [200.0] * (seconds - settled), seconds)
        assert f"memory: 200 MB after {settled} seconds, 200 MB at the end" in capsys.readouterr().out
