"""Make ``.venv`` and run something in it: ``python bootstrap.py demo | test | test-full | bench | ...``.

Standard library only, Python 3.11 or newer, no network names: packages come from wherever this machine's
pip or uv is set to look, and only if they match the hashes in ``constraints.txt``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "constraints.txt"
STAMP = VENV / "installed-lock.txt"
WHEELS = ROOT / "build" / "wheel"
DEMO_CASE = "openai-2025-margin"
# uv trusts the certificates that the system trusts, as pip does (the name of the setting changed).
SETTINGS = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
MOST_CORES = 4
"""That tests are spread over: each worker takes some memory."""
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "build", "dist")


def main(arguments: Sequence[str]) -> int:
    """Run one target; the exit code of the first step that fails."""
    targets = {
        "demo": demo,
        "docs": docs,
        "install": install,
        "test": lambda: test("not full"),
        "test-full": lambda: test(""),
        "bench": bench,
        "bench-full": bench_full,
        "lock": lock,
        "clean": clean,
        "distclean": distclean,
    }
    if len(arguments) != 1 or arguments[0] not in targets:
        print(f"usage: python bootstrap.py {' | '.join(targets)}", file=sys.stderr)
        return 2
    try:
        targets[arguments[0]]()
    except subprocess.CalledProcessError as error:
        return error.returncode if error.returncode > 0 else 1
    except KeyboardInterrupt:
        return 130
    return 0


def demo() -> None:
    """Install, run a shipped case, and write its live page."""
    install()
    optimizer, page = BIN / "optimizer", ROOT / "build" / "demo" / f"{DEMO_CASE}.html"
    run([optimizer, "run", DEMO_CASE])
    run([optimizer, "page", DEMO_CASE, page, "--solve"])
    shown = optimizer.relative_to(ROOT)
    say(f"open {page} and drag a price")
    say(f"to prove from there: {shown} serve {DEMO_CASE} --workspace planning --open")


def test(marks: str) -> None:
    """Style, types, and the tests against the installed wheel; pytest's closing line comes last."""
    install()
    run([PYTHON, "-m", "ruff", "check", "."])
    run([PYTHON, "-m", "ruff", "format", "--check", "."])
    cores = os.cpu_count() or 1
    # one more than cores: tests of processes, services and browsers wait for them
    workers = ["-n", str(min(cores, MOST_CORES) + 1), "--dist", "worksteal"] if cores > 1 else []
    # byte code is kept, whatever this shell says: every worker and every command of the tests would compile all of it
    settings = {"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "", "OPTIMIZER_TESTS_USE_WHEEL": "1"}
    length = {} if marks else {"OPTIMIZER_TESTS_AT_LENGTH": "1"}
    with beside([PYTHON, "-m", "mypy"]):
        run([BIN / "optimizer", "warm"], PYTHONDONTWRITEBYTECODE="")  # loops are compiled once for all workers
        run([PYTHON, "-m", "pytest", "-m", marks, *workers], **settings, **length)


def docs() -> None:
    """The documentation as a static folder."""
    install()
    site = ROOT / "build" / "docs"
    run([PYTHON, "-m", "sphinx", "-q", "-W", "-b", "html", "docs", site], PYTHONSAFEPATH="1")
    say(f"open {site / 'index.html'}")


def bench_full() -> None:
    """Run the benchmarks at every size, a minute a cell: hours."""
    bench("--full")


def bench(size: str = "--quick") -> None:
    """Run the benchmarks, by default at sizes that take some ten minutes."""
    install()
    run([PYTHON, "benchmarks/run.py", size], PYTHONSAFEPATH="1")


def install() -> None:
    """The environment with the locked packages, and this project as a freshly built wheel."""
    make_environment()
    install_lock()
    shutil.rmtree(WHEELS, ignore_errors=True)
    run([PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", WHEELS], quiet=True)
    (wheel,) = WHEELS.glob("*.whl")
    run([*installer(), "--no-deps", "--force-reinstall", wheel], quiet=True)


def make_environment() -> None:
    """Create ``.venv`` unless a working one of a fitting version is there."""
    if environment_version() >= (3, 11):
        return
    if VENV.exists():
        say("replacing .venv, which does not work here")
        shutil.rmtree(VENV)
    say(f"making .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
    if uv := find_uv():
        run([uv, "venv", "--quiet", "--python", sys.executable, VENV])
        return
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"Python {version} here lacks its venv module, which Debian ships in a package of its own:\n"
            f"    apt install python{version}-venv"
        )
    run([sys.executable, "-m", "venv", VENV])


def environment_version() -> tuple[int, ...]:
    """Python's version in ``.venv``; empty if there is none that starts."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(int(part) for part in answer.stdout.split())


def install_lock() -> None:
    """Install the locked packages unless this very lock was installed last."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest() + "\n"
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == digest:
        return
    say("installing the packages of constraints.txt")
    STAMP.unlink(missing_ok=True)
    run([*installer(), "--require-hashes", "-r", LOCK], quiet=True)
    STAMP.write_text(digest, encoding="ascii")


def installer() -> list[str | Path]:
    """The command that installs into ``.venv``."""
    if uv := find_uv():
        return [uv, "pip", "install", "--quiet", "--python", PYTHON]
    return [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def lock() -> None:
    """Choose new versions for all supported systems and Pythons; needs uv."""
    uv = find_uv()
    if uv is None:
        sys.exit("uv is needed to make the lock: python -m pip install uv")
    what = ["pyproject.toml", "--extra", "test", "--universal", "--python-version", "3.11", "--upgrade"]
    how = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    run([uv, "pip", "compile", *what, *how, "-o", LOCK], quiet=True)
    foreign = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if "://" in line or line.startswith("--")]
    if foreign:
        sys.exit("constraints.txt holds addresses or options:\n" + "\n".join(foreign))


def clean() -> None:
    """Remove what was built and cached."""
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in ("optimizer", "tests", "benchmarks", "examples"):
        for cache in list((ROOT / folder).rglob("__pycache__")):
            shutil.rmtree(cache, ignore_errors=True)


def distclean() -> None:
    """Remove the environment too."""
    clean()
    shutil.rmtree(VENV, ignore_errors=True)


def find_uv() -> str | None:
    """The uv command: on the path, or in the environment."""
    return shutil.which("uv") or shutil.which("uv", path=str(BIN))


def run(command: Sequence[str | Path], *, quiet: bool = False, **environment: str) -> None:
    """Run a step in the project's folder. Raises CalledProcessError."""
    if not quiet:
        shown = " ".join(str(part).removeprefix(f"{ROOT}{os.sep}") for part in command)
        say(f"$ {shown}")
    subprocess.run(command, cwd=ROOT, env={**SETTINGS, **os.environ, **environment}, check=True)


@contextmanager
def beside(command: Sequence[str | Path]) -> Iterator[None]:
    """A step while others run; what it tells is shown at the end, where it failed. Raises CalledProcessError."""
    say(f"$ {' '.join(map(str, command)).removeprefix(f'{ROOT}{os.sep}')} (beside the tests)")
    environment = {**SETTINGS, **os.environ}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        told = process.communicate()[0]
        if process.returncode:
            say(told.decode(errors="replace"))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
