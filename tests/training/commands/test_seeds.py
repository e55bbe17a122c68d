"""The option `--seed` of every command that has one."""

from pathlib import Path

import pytest

from training.__main__ import main

COMMANDS = {
    "check": ["check", "nowhere", "--no-network"],
    "split": ["split", "nowhere", "out"],
    "prune": ["prune", "nowhere", "nowhere", "--to", "models/a/1"],
    "quantize": ["quantize", "nowhere", "nowhere", "--to", "models/a/1"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("seed", ["-1", "2147483648", "1.5", "x", ""])
def test_a_seed_that_is_none_is_refused_at_once(
    command: str,
    seed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main([*COMMANDS[command], f"--seed={seed}"])
    said = f"argument --seed: expected a whole number from 0 to 2147483647. Received: {seed}.\n"
    assert capsys.readouterr().err.endswith(said)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("seed", ["0", "2147483647"])
def test_every_other_seed_is_taken(
    command: str,
    seed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*COMMANDS[command], f"--seed={seed}"]) == 2
    assert "--seed" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fit", "crossvalidate"])
def test_training_has_the_same_seeds(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path), "--out", str(tmp_path / "run"), "--seed", "2147483648"]) == 2
    assert "Expected seed from 0 to 2147483647. Received: 2147483648" in capsys.readouterr().err
