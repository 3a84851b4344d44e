"""Saving so that a reader, a crash or a full disk never meets half a file."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from optimizer.execution.ending import undivided

MAIN_FILE = "result.json"
"""Replaced after all other files of a folder: when it is new, everything is."""
_LITTER_AGE = 3600.0


@undivided
def write_atomic(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Replace a file's content as one step; text is saved as UTF-8.

    The content goes to a temporary file in the same folder, reaches the disk, and takes the place of the
    old file. A process killed in between leaves the old file and a hidden ``.*.tmp``, which a later save
    of the same file removes after an hour.

    Raises:
        OSError: it cannot be saved (folder missing, no rights, disk full); the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    _refuse_folder(target)
    _sweep(target)
    temporary = _write_temporary(target, content)
    try:
        os.replace(temporary, target)
    except BaseException:
        _discard(temporary)
        raise
    _sync_folder(target.parent)


@undivided
def write_folder_atomic(folder: str | os.PathLike[str], files: Mapping[str, bytes | str]) -> None:
    """Save a set of files, creating the folder as one step where it does not exist yet.

    In a folder that exists, all new files are written to the disk first and then take their places one by
    one, ``result.json`` last; other files in it are left alone. Writers of the same folder take turns.

    Raises:
        OSError: it cannot be saved; nothing was replaced if the cause is a full disk.
        ValueError: a name is not a plain file name.
    """
    for name in files:
        if not name or name in (".", "..") or "/" in name or "\\" in name or "\x00" in name:
            raise ValueError(f"{name!r} is not a plain file name")
    target = Path(os.path.realpath(folder))
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        if _create_folder(target, files):
            return
    _replace_files(target, files)


def _create_folder(target: Path, files: Mapping[str, bytes | str]) -> bool:
    """Write a sibling folder and rename it; False if somebody else created the target meanwhile."""
    temporary = _temporary_name(target)
    os.mkdir(temporary)
    try:
        for name, content in files.items():
            _write_synced(temporary / name, content)
        _sync_folder(temporary)
        try:
            os.rename(temporary, target)
        except OSError:
            if not target.is_dir():
                raise
            shutil.rmtree(temporary, ignore_errors=True)
            return False
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync_folder(target.parent)
    return True


def _replace_files(target: Path, files: Mapping[str, bytes | str]) -> None:
    """Write all files beside their targets, then move them into place, the main file last."""
    names = sorted(files, key=lambda name: (name == MAIN_FILE, name))
    written: dict[str, Path] = {}
    with _turn(target):
        try:
            for name in names:
                _refuse_folder(target / name)
                _sweep(target / name)
                written[name] = _write_temporary(target / name, files[name])
            for name in names:
                os.replace(written[name], target / name)
                del written[name]
        except BaseException:
            for temporary in written.values():
                _discard(temporary)
            raise
        _sync_folder(target)


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Hold the folder's lock where the operating system has one for folders."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_temporary(target: Path, content: bytes | str) -> Path:
    """Write the content to a new file beside the target, with the target's rights if it exists."""
    temporary = _temporary_name(target)
    try:
        _write_synced(temporary, content)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
    except BaseException:
        _discard(temporary)
        raise
    return temporary


def _write_synced(path: Path, content: bytes | str) -> None:
    """Write a file that must not exist yet, down to the disk."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with open(path, "xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _temporary_name(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")


def _sweep(target: Path) -> None:
    """Remove what killed writers of this file left behind long ago."""
    start, oldest = f".{target.name[:100]}.", time.time() - _LITTER_AGE
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            token = entry.name[len(start) : -4]
            ours = entry.name.startswith(start) and entry.name.endswith(".tmp") and len(token) == 12
            if ours and entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                _discard(Path(entry.path))


def _refuse_folder(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(21, "there is a folder of this name", str(target))


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; not possible everywhere, and then left to the operating system."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
