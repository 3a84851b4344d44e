"""Saving under murder, crowding and a full disk."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from optimizer.io import saving, write_atomic, write_folder_atomic

# saving.py needs hardly more than the standard library: loaded alone it starts in milliseconds.
CHILD = """
import importlib.util, itertools, os, pathlib, sys
sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parents[2]))
spec = importlib.util.spec_from_file_location("saving", sys.argv[1])
saving = importlib.util.module_from_spec(spec)
spec.loader.exec_module(saving)
target, rounds = pathlib.Path(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
for number in itertools.islice(itertools.count(), rounds or None):
    line = f"{os.getpid()} {number}\\n"
    saving.write_atomic(target / "one.txt", line * 20_000)
    saving.write_folder_atomic(target / "set", {"a.csv": line * 5_000, "result.json": line * 5_000})
"""


def start(target: Path, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-S", "-c", CHILD, str(saving.__file__), str(target), str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def whole(path: Path, lines: int) -> str:
    """The repeated line of a file that holds one writer's complete content."""
    content = path.read_text(encoding="utf-8").splitlines()
    assert len(content) == lines
    assert len(set(content)) == 1
    return content[0]


def litter(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.name.endswith(".tmp")]


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_while_saving_forty_times(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(40):
        child = start(tmp_path, 0)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.03))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if (tmp_path / "one.txt").exists():
            whole(tmp_path / "one.txt", 20_000)
        if (tmp_path / "set").exists():
            whole(tmp_path / "set" / "a.csv", 5_000)
            whole(tmp_path / "set" / "result.json", 5_000)
    assert (tmp_path / "one.txt").exists()


def test_litter_of_killed_writers_goes_after_an_hour(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".x.0123456789ab.tmp", ".x.ba9876543210.tmp", ".x.notes.tmp"))
    for path in (old, young, other):
        path.write_text("")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    write_atomic(tmp_path / "x", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([young.name, other.name, "x"])


@pytest.mark.skipif(os.name == "nt", reason="writers take turns by a lock of folders")
def test_eight_writers_and_a_reader(tmp_path: Path) -> None:
    writers = [start(tmp_path, 6) for _ in range(8)]
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "one.txt").exists():
            whole(tmp_path / "one.txt", 20_000)
        if (tmp_path / "set").exists():
            whole(tmp_path / "set" / "result.json", 5_000)
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    assert [writer.returncode for writer in writers] == [0] * 8
    assert whole(tmp_path / "set" / "a.csv", 5_000) == whole(tmp_path / "set" / "result.json", 5_000)
    assert litter(tmp_path) == []


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def fail_at(call: int) -> Callable[[int], None]:
    """A full disk at the given call, a working one before."""
    count = iter(range(1, 100))

    def sync(_: int) -> None:
        if next(count) >= call:
            full_disk()

    return sync


def test_disk_full_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_atomic(path, "old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_disk_full_leaves_the_old_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    folder = tmp_path / "out"
    old, new = ({name: f"{word} {name}" for name in ("a.csv", "b.csv", "result.json")} for word in ("old", "new"))
    monkeypatch.setattr(os, "fsync", fail_at(call))
    with pytest.raises(OSError, match="No space"):
        write_folder_atomic(folder, new)
    assert os.listdir(tmp_path) == []
    monkeypatch.undo()
    write_folder_atomic(folder, old)
    monkeypatch.setattr(os, "fsync", fail_at(call))
    with pytest.raises(OSError, match="No space"):
        write_folder_atomic(folder, new)
    assert {p.name: p.read_text() for p in folder.iterdir()} == old


def test_main_file_is_replaced_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"result.json": "1", "z.csv": "1", "a.csv": "1"}
    write_folder_atomic(tmp_path / "out", files)
    order: list[str] = []
    replace = os.replace

    def note(source: Path, target: Path) -> None:
        order.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", note)
    write_folder_atomic(tmp_path / "out", files)
    assert order == ["a.csv", "z.csv", "result.json"]


def test_contents_names_and_rights(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "out"
    write_folder_atomic(out, {"a.txt": "Ü €\n", "b.bin": b"\x00\xff"})
    assert (out / "a.txt").read_bytes() == "Ü €\n".encode()
    assert (out / "b.bin").read_bytes() == b"\x00\xff"
    (out / "mine.txt").write_text("mine")
    os.chmod(out / "a.txt", 0o640)
    write_folder_atomic(out, {"a.txt": "new"})
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "a.txt").read_text() == "new"
    if os.name != "nt":
        assert stat.S_IMODE((out / "a.txt").stat().st_mode) == 0o640
    for name in ("", "..", "a/b", "..\\x", "/etc/x"):
        with pytest.raises(ValueError, match="plain file name"):
            write_folder_atomic(out, {name: "x"})


def test_targets_that_cannot_be_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "folder", "x")
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "no" / "x", "x")
    (tmp_path / "file").write_text("keep")
    with pytest.raises(OSError):
        write_folder_atomic(tmp_path / "file", {"x": "y"})
    assert (tmp_path / "file").read_text() == "keep"
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
