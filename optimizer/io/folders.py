"""Reading a saved folder: one whole save, or an error that says what is wrong."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from optimizer.errors import Finding, InputError
from optimizer.io.saving import MANIFEST, parse_manifest
from optimizer.io.text import refused

_AGAIN = "run the case again with --out"
_TRIES = 5
"""Looks at a folder that is being saved to meanwhile."""


def read_folder(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    """File name -> content of every file that the folder's manifest lists, each checked against its hash.

    Files that the manifest does not list are the user's own and are not read.

    Raises:
        InputError: there is no such folder or no manifest in it; files are missing or are not what was saved (all
            findings). A save that was killed on its way is told like this, too.
    """
    path = Path(folder)
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    for _ in range(_TRIES):
        manifest = _manifest(path)
        files, findings = _checked(path, manifest)
        if not findings or manifest == _manifest(path):
            break
    if findings:
        raise InputError(findings)
    return files


def _manifest(folder: Path) -> dict[str, str]:
    """File name -> SHA-256. Raises InputError."""
    path = folder / MANIFEST
    if not folder.is_dir():
        what = "this is a file, not a folder" if folder.exists() else "there is no such folder"
        raise refused("folder-missing", str(folder), None, what, "name a folder that --out made")
    try:
        return parse_manifest(path.read_bytes())
    except FileNotFoundError:
        message = f"there is no {MANIFEST}: the folder was not saved by --out, or the save was stopped"
        raise refused("folder-manifest", str(folder), None, message, _AGAIN) from None
    except OSError as error:
        raise refused("folder-manifest", str(path), None, f"it cannot be read: {error.strerror}", _AGAIN) from None
    except ValueError as error:
        raise refused("folder-manifest", str(path), None, str(error), _AGAIN) from None


def _checked(folder: Path, manifest: dict[str, str]) -> tuple[dict[str, bytes], list[Finding]]:
    """The files, and what is wrong with them."""
    files: dict[str, bytes] = {}
    findings = []
    for name, wanted in manifest.items():
        path = folder / name
        try:
            files[name] = path.read_bytes()
            if hashlib.sha256(files[name]).hexdigest() == wanted:
                continue
            code, message = "folder-altered", "the file is not what was saved"
        except FileNotFoundError:
            code, message = "folder-file-missing", "the file is missing"
        except OSError as error:
            code, message = "folder-file-missing", f"the file cannot be read: {error.strerror}"
        findings.append(Finding(code, "error", str(path), None, "", message, _AGAIN))
    return files, findings
