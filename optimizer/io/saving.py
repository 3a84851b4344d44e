"""Saving so that a reader, a crash or a full disk never meets half a file, or half a folder.

A saved folder carries ``manifest.json`` with the SHA-256 of every file in it that was saved; who reads it with
:func:`optimizer.io.read_folder` gets one whole save or an error.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from optimizer.execution.ending import undivided

MAIN_FILE = "result.json"
"""Replaced after all other files of a folder but the manifest."""
MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
_LITTER_AGE = 3600.0


@undivided
def write_atomic(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Replace a file's content as one step; text is saved as UTF-8.

    The content goes to a temporary file in the same folder, reaches the disk, and takes the place of the
    old file. A process killed in between leaves the old file and a hidden ``.*.tmp``, which a later save
    of the same file removes after an hour.

    Raises:
        OSError: it cannot be saved (folder missing, no rights, disk full); the old file is untouched.
        ValueError: the path is blank.
    """
    target = _named(path)
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
    """Save a set of files and their manifest: a reader finds the old folder or the new one, whole.

    The new set is written into a hidden folder beside it, other files in the folder are carried over, and the two
    folders change places in one step. Where that cannot be (the system has no such step, there are folders in the
    folder, it is the working directory, it belongs to somebody else), the new files take their places one by one,
    the manifest last: until then it contradicts them, and ``read_folder`` refuses them. Writers of the same folder
    take turns.

    Raises:
        OSError: it cannot be saved; nothing was replaced if the cause is a full disk.
        ValueError: the folder's name is blank, or a name is not a plain file name.
    """
    for name in files:
        if not is_plain_name(name) or name == MANIFEST:
            raise ValueError(f"{name!r} is not a plain file name")
    target = _named(folder)
    contents = {name: _encoded(content) for name, content in files.items()}
    _sweep(target)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        if _create_folder(target, _with_manifest(contents, {})):
            return
    with _turn(target):
        for name in contents:
            _refuse_folder(target / name)
            _sweep(target / name)
        whole = _with_manifest(contents, read_manifest(target))
        if not _swap_folder(target, whole):
            _replace_files(target, whole)


def is_plain_name(name: str) -> bool:
    """Whether a name is one of a file in a folder, and of nothing outside it."""
    return bool(name) and name not in (".", "..") and not any(sign in name for sign in "/\\\x00")


def read_manifest(folder: Path) -> dict[str, str]:
    """File name -> SHA-256 as a folder's manifest states it, for files that are there; empty where there is none."""
    try:
        return {n: h for n, h in parse_manifest((folder / MANIFEST).read_bytes()).items() if (folder / n).is_file()}
    except (OSError, ValueError):
        return {}


def parse_manifest(content: bytes) -> dict[str, str]:
    """File name -> SHA-256. Raises ValueError for anything but a manifest."""
    try:
        stated = json.loads(content)
        files = stated["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is no manifest") from None
    if stated.get("schema_version") != MANIFEST_VERSION or not isinstance(files, dict):
        raise ValueError("it is a manifest of another version")
    if not all(is_plain_name(n) and isinstance(h, str) for n, h in files.items()):
        raise ValueError("it names files outside the folder, or hashes that are no text")
    return files


def _with_manifest(files: Mapping[str, bytes], kept: Mapping[str, str]) -> dict[str, bytes]:
    """The files and a manifest of them and of those saved earlier that stay."""
    hashes = {**kept, **{name: hashlib.sha256(content).hexdigest() for name, content in files.items()}}
    stated = {"schema_version": MANIFEST_VERSION, "files": dict(sorted(hashes.items()))}
    return {**files, MANIFEST: (json.dumps(stated, indent=2, ensure_ascii=False) + "\n").encode()}


def _create_folder(target: Path, files: Mapping[str, bytes]) -> bool:
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


def _swap_folder(target: Path, files: Mapping[str, bytes]) -> bool:
    """Put a new folder in the place of the old one in one step; False, and nothing done, where that cannot be."""
    staged = _temporary_name(target)
    try:
        _stage(staged, target, files)
        _exchange(staged, target)
    except (OSError, NotImplementedError):  # a full disk too: the way file by file tells it
        _clear(staged, files)
        return False
    except BaseException:
        _clear(staged, files)
        raise
    _bring_over(staged, target, files)
    _clear(staged, files)
    _sync_folder(target.parent)
    return True


def _stage(staged: Path, target: Path, files: Mapping[str, bytes]) -> None:
    """Write the new folder beside the old one, with its rights and the other files in it. Raises OSError."""
    working = Path(os.getcwd())
    if target in (working, *working.parents):
        raise OSError(errno.EBUSY, "it is the working directory, which would go away", str(target))
    with os.scandir(target) as entries:
        others = [entry for entry in entries if entry.name not in files]
    if any(entry.is_dir(follow_symlinks=False) for entry in others):
        raise IsADirectoryError(errno.EISDIR, "folders cannot be carried over", str(target))
    os.mkdir(staged)
    shutil.copystat(target, staged)
    mine, before = os.stat(staged), os.stat(target)
    if (mine.st_uid, mine.st_gid) != (before.st_uid, before.st_gid):
        raise PermissionError(errno.EPERM, "the folder belongs to somebody else", str(target))
    write_atomic(staged / MANIFEST, files[MANIFEST])  # first: what a killed writer leaves behind is known by it
    for name, content in files.items():
        if name != MANIFEST:
            _write_synced(staged / name, content)
        _copy_rights(target / name, staged / name)
    for entry in others:
        os.link(entry.path, staged / entry.name, follow_symlinks=False)
    _sync_folder(staged)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one step. Raises OSError where the system cannot."""
    import ctypes

    if os.name != "posix":
        raise OSError(errno.ENOSYS, "folders cannot be exchanged here")
    system, names = ctypes.CDLL(None, use_errno=True), (os.fsencode(one), os.fsencode(other))
    if hasattr(system, "renameat2"):  # Linux: AT_FDCWD, RENAME_EXCHANGE
        failed = system.renameat2(-100, names[0], -100, names[1], 2)
    elif hasattr(system, "renamex_np"):  # macOS: RENAME_SWAP
        failed = system.renamex_np(*names, 2)
    else:
        raise OSError(errno.ENOSYS, "folders cannot be exchanged here")
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))


def _bring_over(old: Path, new: Path, saved: Collection[str]) -> None:
    """Move what others put into the old folder while the new one was written."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(old)):
            there = new / entry.name
            known = os.path.lexists(there) and os.path.samestat(entry.stat(follow_symlinks=False), os.lstat(there))
            if entry.name not in saved and not known:
                os.replace(entry.path, there)


def _clear(folder: Path, saved: Collection[str]) -> None:
    """Remove a folder that was staged or replaced. A file that is not ours and has no other name stays."""
    with contextlib.suppress(OSError):
        ours = {*saved, *read_manifest(folder), MANIFEST}
        for entry in list(os.scandir(folder)):
            linked = not entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_nlink > 1
            if entry.name in ours or linked:
                os.unlink(entry.path)
        os.rmdir(folder)


def _replace_files(target: Path, files: Mapping[str, bytes]) -> None:
    """Write all files beside their targets, then move them into place, the main file and the manifest last."""
    names = sorted(files, key=lambda name: (name == MANIFEST, name == MAIN_FILE, name))
    written: dict[str, Path] = {}
    try:
        for name in names:
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
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network drives have no locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(handle), os.stat(folder)):  # else another writer put a new one in its place
                yield
                return
        finally:
            os.close(handle)


def _write_temporary(target: Path, content: bytes | str) -> Path:
    """Write the content to a new file beside the target, with the target's rights if it exists."""
    temporary = _temporary_name(target)
    try:
        _write_synced(temporary, _encoded(content))
        _copy_rights(target, temporary)
    except BaseException:
        _discard(temporary)
        raise
    return temporary


def _copy_rights(source: Path, target: Path) -> None:
    """Give a new file the rights of the one whose place it takes, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))


def _encoded(content: bytes | str) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def _write_synced(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, down to the disk."""
    with open(path, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _temporary_name(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")


def _sweep(target: Path) -> None:
    """Remove what killed writers of this file or folder left behind long ago."""
    start, oldest = f".{target.name[:100]}.", time.time() - _LITTER_AGE
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            token = entry.name[len(start) : -4]
            ours = entry.name.startswith(start) and entry.name.endswith(".tmp") and len(token) == 12
            if not ours or entry.is_symlink() or entry.stat(follow_symlinks=False).st_mtime >= oldest:
                continue
            if entry.is_file(follow_symlinks=False):
                _discard(Path(entry.path))
            else:
                _clear(Path(entry.path), ())


def _named(path: str | os.PathLike[str]) -> Path:
    """The path with links followed; a blank one would be the working directory. Raises ValueError."""
    if not os.fspath(path).strip():
        raise ValueError("the name to save under is blank")
    return Path(os.path.realpath(path))


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
