from pathlib import Path

from benchmarks.labelling_kills import make_photos, stress


def test_killed_at_any_moment_the_labelling_server_keeps_every_answer_once(tmp_path: Path) -> None:
    make_photos(tmp_path, 600)
    outcome = stress(tmp_path, rounds=4, seed=1)
    assert outcome.flawless, outcome
    assert outcome.confirmed >= 4
