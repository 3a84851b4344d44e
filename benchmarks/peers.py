"""Environments of their own for the peers: ``.venv-bench-NAME`` at the project's root, made by uv or venv and pip.

``python benchmarks/peers.py`` makes all of them; ``run.py`` makes the ones that it needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
PATIENCE = 900
"""Seconds that one installation may take."""


@dataclass(frozen=True)
class Peer:
    """A Python version and packages."""

    python: str
    packages: tuple[str, ...]


PEERS = {
    "solvers": Peer("3.11", ("pyscipopt==6.3.0", "gurobipy==13.0.3", "numpy>=2", "scipy>=1.15", "pymoo==0.6.2")),
    "frontier": Peer("3.12", ("pyaugmecon[highs]==2.0.1",)),
    "choice": Peer("3.11", ("choice-learn==1.3.3", "tensorflow", "tensorflow-probability", "tf-keras", "ortools")),
}


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, whether it is there or not."""
    folder = ROOT / f".venv-bench-{name}"
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure(name: str) -> str:
    """Make the environment where it is missing; why it cannot be had, or an empty string."""
    stamp = python_of(name).parent.parent / "installed.txt"
    wanted = "\n".join(PEERS[name].packages) + "\n"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return ""
    try:
        _make(name)
    except (OSError, subprocess.SubprocessError) as error:
        return _reason(error)
    stamp.write_text(wanted, encoding="utf-8")
    return ""


def _make(name: str) -> None:
    """Raises OSError or SubprocessError."""
    peer, python = PEERS[name], python_of(name)
    folder = python.parent.parent
    interpreter = _interpreter(peer.python)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        _call([uv, "venv", "--quiet", "--clear", "--python", interpreter or peer.python, folder])
        _call([uv, "pip", "install", "--quiet", "--python", python, *peer.packages])
        return
    if interpreter is None:
        raise OSError(f"Python {peer.python} is not on this machine")
    _call([interpreter, "-m", "venv", "--clear", folder])
    _call([python, "-m", "pip", "install", "--quiet", *peer.packages])


def _interpreter(version: str) -> str | None:
    """A Python of this version that starts: the current one, one on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [sys.executable, shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python")))]
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, found):
        answer = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return str(candidate)
    return None


def _call(command: list[str | Path]) -> None:
    subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PATIENCE, env={**SETTINGS, **os.environ}
    )


def _reason(error: BaseException) -> str:
    """One line without paths."""
    text = getattr(error, "stderr", "") or str(error)
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    telling = [line for line in lines if "No solution" in line or "No interpreter" in line]
    first = [*telling, *lines, "no reason given"][0]
    return "not installable: " + first.replace(str(ROOT), ".")[:120]


def main() -> None:
    """Make every environment and say how it went."""
    for name in PEERS:
        print(f"{name}: {ensure(name) or 'ready'}", flush=True)


if __name__ == "__main__":
    main()
