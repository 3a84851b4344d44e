"""Saving under murder, crowding and a full disk."""

from __future__ import annotations

import errno
import json
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

from optimizer.errors import Finding, InputError
from optimizer.io import saving
from optimizer.io.folders import read_folder
from optimizer.io.saving import write_atomic, write_folder_atomic

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


def text_of(files: dict[str, bytes]) -> dict[str, str]:
    return {name: content.decode() for name, content in files.items()}


def refusal(folder: Path) -> list[Finding]:
    """What reading a saved folder finds wrong; nothing for a whole one."""
    try:
        read_folder(folder)
    except InputError as error:
        return list(error.findings)
    return []


# --- killed at any instant ------------------------------------------------------------------------

OLD, NEW = ({n: f"{word} {n}\n" for n in ("a.csv", "b.csv", "result.json")} for word in ("old", "new"))

# Dies at the k-th time that the save opens, makes, links, renames or removes something.
KILLED = """
import importlib.util, json, os, pathlib, signal, sys
sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parents[2]))
spec = importlib.util.spec_from_file_location("saving", sys.argv[1])
saving = importlib.util.module_from_spec(spec)
spec.loader.exec_module(saving)
import ctypes, fcntl
if sys.argv[5] == "file by file":
    def no(one, other): raise OSError(38, "not here")
    saving._exchange = no
os.fsync = lambda handle: None  # a killed process loses nothing that it wrote
left = [int(sys.argv[4])]
def hook(event, arguments):
    if event in ("open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.scandir", "os.chmod"):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
saving.write_folder_atomic(sys.argv[2], json.loads(sys.argv[3]))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("way", ["swap", "file by file"])
def test_killed_at_every_step_of_a_save_into_a_folder(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards the old set is there or the new one; file by file a mixture is refused. The user's files stay."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    seen = {"old": 0, "new": 0, "refused": 0}
    for step in range(300):
        folder = tmp_path / str(step) / "out"
        write_folder_atomic(folder, OLD)
        (folder / "mine.txt").write_text("mine")
        command = [sys.executable, "-I", "-S", "-c", KILLED, str(saving.__file__), str(folder), json.dumps(NEW)]
        done = subprocess.run([*command, str(step), way], stderr=subprocess.PIPE)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        there = {name: (folder / name).read_text() for name in OLD}
        found = refusal(folder)
        assert (folder / "mine.txt").read_text() == "mine", step
        if found:
            assert way == "file by file" and {f.code for f in found} == {"folder-altered"}, (step, found)
        else:
            assert there == text_of(read_folder(folder)) and there in (OLD, NEW), (step, there)
        seen["refused" if found else "old" if there == OLD else "new"] += 1
        write_folder_atomic(folder, NEW)
        assert text_of(read_folder(folder)) == NEW, step
        if done.returncode == 0:
            break
    else:
        pytest.fail("the save never came to its end")
    assert seen["old"] > 10 and seen["new"] >= 1 and (seen["refused"] > 0) == (way == "file by file"), seen


def test_what_killed_savers_of_a_folder_leave_goes_after_an_hour(tmp_path: Path) -> None:
    """But for files that are not theirs and are nowhere else."""
    folder, mine = tmp_path / "out", tmp_path / ".out.0123456789ab.tmp"
    write_folder_atomic(folder, OLD)
    (folder / "linked.txt").write_text("linked")
    mine.mkdir()
    for name in ("manifest.json", *OLD):
        (mine / name).write_bytes((folder / name).read_bytes())
    os.link(folder / "linked.txt", mine / "linked.txt")
    os.utime(mine, (0, 0))
    write_folder_atomic(folder, NEW)
    assert os.listdir(tmp_path) == ["out"]
    mine.mkdir()
    (mine / "only.txt").write_text("only here")
    os.utime(mine, (0, 0))
    write_folder_atomic(folder, NEW)
    assert (mine / "only.txt").read_text() == "only here"


def test_what_others_save_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file, and another version of one that was there, both put there just before the swap."""
    folder = tmp_path / "out"
    write_folder_atomic(folder, OLD)
    (folder / "notes.txt").write_text("first")
    true = saving._exchange

    def late(one: Path, other: Path) -> None:
        (other / "late.txt").write_text("late")
        write_atomic(other / "notes.txt", "second")
        true(one, other)

    monkeypatch.setattr(saving, "_exchange", late)
    write_folder_atomic(folder, NEW)
    assert text_of(read_folder(folder)) == NEW
    assert ((folder / "late.txt").read_text(), (folder / "notes.txt").read_text()) == ("late", "second")
    assert os.listdir(tmp_path) == ["out"]


def test_two_studies_in_one_folder(tmp_path: Path) -> None:
    """A save leaves what another one left, in the folder and in its manifest; what is gone is forgotten."""
    write_folder_atomic(tmp_path, {"frontier.json": "f", "gone.csv": "g"})
    (tmp_path / "gone.csv").unlink()
    write_folder_atomic(tmp_path, NEW)
    assert text_of(read_folder(tmp_path)) == {**NEW, "frontier.json": "f"}
    (tmp_path / "frontier.json").write_text("forged")
    write_folder_atomic(tmp_path, OLD)
    (found,) = refusal(tmp_path)
    assert (found.code, Path(found.file).name) == ("folder-altered", "frontier.json")


def test_folders_that_cannot_be_swapped_keep_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders inside, and the working directory: the same folder as before, with the new files."""
    inside, working = tmp_path / "inside", tmp_path / "working"
    for folder in (inside, working):
        write_folder_atomic(folder, OLD)
        (folder / "mine.txt").write_text("mine")
    (inside / "deep").mkdir()
    (inside / "deep" / "x").write_text("x")
    monkeypatch.chdir(working)
    for folder in (inside, working, Path(".")):
        number = folder.stat().st_ino
        write_folder_atomic(folder, NEW)
        assert folder.stat().st_ino == number
        assert text_of(read_folder(folder)) == NEW
        assert (folder / "mine.txt").read_text() == "mine"
    assert (inside / "deep" / "x").read_text() == "x"
    assert sorted(os.listdir()) == sorted([*NEW, "mine.txt", "manifest.json"])


@pytest.mark.skipif(os.name == "nt", reason="links and rights of its own kind")
def test_links_and_rights_survive_a_swap(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    write_folder_atomic(folder, OLD)
    (folder / "dangling").symlink_to("nowhere")
    (folder / "mine.txt").write_text("mine")
    os.chmod(folder / "mine.txt", 0o600)
    os.chmod(folder, 0o750)
    (tmp_path / "link").symlink_to("real")
    before = (folder / "mine.txt").stat()
    write_folder_atomic(tmp_path / "link", NEW)
    assert (tmp_path / "link").is_symlink()
    assert text_of(read_folder(tmp_path / "link")) == NEW
    assert os.readlink(folder / "dangling") == "nowhere"
    after = (folder / "mine.txt").stat()
    assert (after.st_ino, after.st_mode, after.st_nlink) == (before.st_ino, before.st_mode, 1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


# --- the manifest ---------------------------------------------------------------------------------


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    """SHA-256 of nothing is e3b0...b855."""
    write_folder_atomic(tmp_path / "out", {"empty.csv": b"", "a.txt": "Ü"})
    body = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert body["schema_version"] == 1
    assert list(body["files"]) == ["a.txt", "empty.csv"]
    assert body["files"]["empty.csv"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert read_folder(tmp_path / "out") == {"empty.csv": b"", "a.txt": "Ü".encode()}


@pytest.mark.parametrize("name", ["a.csv", "b.csv", "result.json"])
@pytest.mark.parametrize("way", ["altered", "longer", "shorter", "missing", "folder", "swapped"])
def test_a_folder_that_is_not_what_was_saved(way: str, name: str, tmp_path: Path) -> None:
    write_folder_atomic(tmp_path, OLD)
    path = tmp_path / name
    if way in ("missing", "folder"):
        path.unlink()
        if way == "folder":
            path.mkdir()
    elif way == "swapped":
        path.write_bytes((tmp_path / {"a.csv": "b.csv"}.get(name, "a.csv")).read_bytes())
    else:
        path.write_text({"altered": OLD[name].upper(), "longer": OLD[name] + " ", "shorter": ""}[way])
    (found,) = refusal(tmp_path)
    assert found.file == str(path) and "--out" in found.cure
    assert found.code == ("folder-file-missing" if way in ("missing", "folder") else "folder-altered")


NO_MANIFESTS = [
    "", "{", "[]", "null", "7", '"x"', "{}", '{"files": {}}', '{"schema_version": 2, "files": {}}',
    '{"schema_version": 1, "files": []}', '{"schema_version": 1, "files": {"../x": "0"}}',
    '{"schema_version": 1, "files": {"/etc/passwd": "0"}}', '{"schema_version": 1, "files": {"a.csv": 7}}',
    "[" * 100_000, "\xff",
]  # fmt: skip


@pytest.mark.parametrize("content", NO_MANIFESTS, ids=range(len(NO_MANIFESTS)))
def test_a_manifest_that_is_none(content: str, tmp_path: Path) -> None:
    """It is told, and the next save makes it good."""
    write_folder_atomic(tmp_path, OLD)
    (tmp_path / "manifest.json").write_bytes(content.encode("latin-1"))
    (found,) = refusal(tmp_path)
    assert (found.code, found.file) == ("folder-manifest", str(tmp_path / "manifest.json"))
    write_folder_atomic(tmp_path, NEW)
    assert text_of(read_folder(tmp_path)) == NEW


def test_no_saved_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name, code in (("nowhere", "folder-missing"), ("file", "folder-missing"), ("empty", "folder-manifest")):
        (found,) = refusal(tmp_path / name)
        assert (found.code, found.file) == (code, str(tmp_path / name)) and found.cure


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_a_blank_name_is_no_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="blank"):
        write_atomic(name, "x")
    with pytest.raises(ValueError, match="blank"):
        write_folder_atomic(name, {"a": "x"})
    assert os.listdir(tmp_path) == []


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
    assert text_of(read_folder(folder)) == old
    assert sorted(os.listdir(folder)) == sorted([*old, "manifest.json"])
    assert os.listdir(tmp_path) == ["out"]


def test_file_by_file_the_manifest_is_replaced_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out" / "folder").mkdir(parents=True)
    files = {"result.json": "1", "z.csv": "1", "a.csv": "1"}
    write_folder_atomic(tmp_path / "out", files)
    order: list[str] = []
    replace = os.replace

    def note(source: Path, target: Path) -> None:
        order.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", note)
    write_folder_atomic(tmp_path / "out", files)
    assert order == ["a.csv", "z.csv", "result.json", "manifest.json"]


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
    for name in ("", "..", "a/b", "..\\x", "/etc/x", "manifest.json"):
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
