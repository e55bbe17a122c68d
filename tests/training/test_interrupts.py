"""Whatever asks a command to stop is Ctrl-C."""

import signal
from collections.abc import Iterator

import pytest

from training.interrupts import deferred, noted, stoppable

ASKING = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def as_they_were() -> Iterator[None]:
    """Python's own handlers, and those of before once the test is over."""
    before = {number: signal.getsignal(number) for number in (*ASKING, signal.SIGINT)}
    for number in ASKING:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [*ASKING, signal.SIGINT])
def test_each_of_them_is(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stoppable():
        signal.raise_signal(number)
    assert all(signal.getsignal(one) is signal.SIG_DFL for one in ASKING)


def test_who_ignores_a_closed_terminal_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stoppable():
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", ASKING)
def test_a_command_in_the_background_is_asked_like_others(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """Started by a script with `&`, it ignores Ctrl-C, and nothing else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    written = []
    with pytest.raises(KeyboardInterrupt), stoppable(), deferred("a moment"):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(number)
        written.append("whole")
    assert (written, capsys.readouterr().out) == (["whole"], "a moment\n")
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(number) is signal.SIG_DFL


def test_the_first_one_waits_for_what_is_written_and_the_second_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = []
    with pytest.raises(KeyboardInterrupt), deferred("a moment"):
        signal.raise_signal(signal.SIGINT)
        written.append("whole")
    assert (written, capsys.readouterr().out) == (["whole"], "a moment\n")
    with pytest.raises(KeyboardInterrupt), deferred("a moment"):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        written.append("more")
    assert written == ["whole"]


def test_a_first_one_can_be_only_counted() -> None:
    before = signal.getsignal(signal.SIGINT)
    with noted() as presses:
        signal.raise_signal(signal.SIGINT)
        assert presses.count == 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
