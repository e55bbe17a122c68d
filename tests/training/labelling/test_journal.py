import errno
import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.disks import full_after
from training.errors import TrainingError
from training.labelling.agreement import compare
from training.labelling.journal import FILE, Entry, Journal, read, standing
from training.locking import alone


def test_answers_survive_reopening(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(Entry("ann", 'odd, "name".jpg', "label", "cat"))
    with Journal(tmp_path) as journal:
        journal.append(Entry("ann", "b.jpg", "skip"))
        assert [(entry.file, entry.label) for entry in journal.entries] == [
            ('odd, "name".jpg', "cat"),
            ("b.jpg", ""),
        ]
    assert len(read(tmp_path)) == 2


def test_a_file_system_without_locks_is_not_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("training.locking.fcntl.flock", refuse)
    with Journal(tmp_path) as journal:
        journal.append(Entry("ann", "a.jpg", "label", "cat"))
    assert len(read(tmp_path)) == 1
    with alone(tmp_path / "run"):
        (tmp_path / "run" / "mine").touch()


@settings(deadline=None)
@given(st.integers(min_value=0))
def test_a_line_cut_off_anywhere_loses_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal(folder) as journal:
        first = journal.append(Entry("ann", 'a "quoted".jpg', "label", "cat"))
        size = (folder / FILE).stat().st_size
        journal.append(Entry("ann", "b \",'.jpg", "label", "dog"))
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[: size + cut % (len(data) - size - 1)])
    with Journal(folder) as journal:
        assert journal.entries[0] == first
        third = journal.append(Entry("ann", "c.jpg", "label", "cat"))
    assert [entry for entry in read(folder) if entry.file != "b \",'.jpg"] == [first, third]


def refused(journal: Journal, room: int) -> None:
    """An answer that a full disk cuts off after `room` bytes."""
    with full_after(journal.path.stat().st_size + room), pytest.raises(OSError, match="File too large"):
        journal.append(Entry("ann", "b.jpg", "label", "dog"))


@pytest.mark.parametrize("room", [0, 1, 10, 40])
def test_an_answer_that_a_full_disk_cuts_off_loses_no_other(tmp_path: Path, room: int) -> None:
    with Journal(tmp_path) as journal:
        first = journal.append(Entry("ann", "a.jpg", "label", "cat"))
        before = journal.path.read_bytes()
        refused(journal, room)
        assert journal.path.read_bytes() == before and journal.entries == [first]
        second = journal.append(Entry("ann", "c.jpg", "label", "cat"))
    assert read(tmp_path) == [first, second]


def test_an_answer_that_cannot_be_taken_back_loses_no_other(tmp_path: Path) -> None:
    """The system forbids that this file shrinks."""
    file = os.memfd_create("journal", os.MFD_ALLOW_SEALING)
    (tmp_path / FILE).symlink_to(f"/proc/self/fd/{file}")
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    with Journal(tmp_path) as journal:
        first = journal.append(Entry("ann", "a.jpg", "label", "cat"))
        refused(journal, 10)
        refused(journal, 10)
        assert not journal.path.read_bytes().endswith(b"\n")
        second = journal.append(Entry("ann", "c.jpg", "label", "cat"))
        third = journal.append(Entry("ann", "d.jpg", "label", "cat"))
    assert read(tmp_path) == [first, second, third] and b"\n\n" not in (tmp_path / FILE).read_bytes()
    os.close(file)


def test_only_one_program_holds_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(TrainingError, match="being labelled already"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_undo_takes_back_the_latest_answer_about_a_file() -> None:
    entries = [
        Entry("ann", "a", "label", "cat"),
        Entry("ann", "a", "label", "dog"),
        Entry("ann", "a", "undo"),
        Entry("bob", "a", "label", "dog"),
        Entry("bob", "a", "undo"),
        Entry("bob", "a", "undo"),
    ]
    answers = standing(entries)
    assert {rater: {f: e.label for f, e in files.items()} for rater, files in answers.items()} == {
        "ann": {"a": "cat"},
        "bob": {},
    }


def test_kappa_of_the_textbook() -> None:
    """Two raters, 50 cases, kappa 0.40 (the usual worked example of Cohen's kappa)."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    entries = []
    for number, (first, second) in enumerate(pairs):
        entries += [Entry("ann", str(number), "label", first), Entry("bob", str(number), "label", second)]
    found = compare("ann", "bob", standing(entries))
    assert found is not None and found.kappa == pytest.approx(0.4)
    assert (found.photos, found.share, len(found.differing)) == (50, 0.7, 15)
    assert compare("ann", "eve", standing(entries)) is None
