"""Executors: same results in the same order wherever they run; lost workers, errors, interruption."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import executor_tasks as tasks
import pytest

import optimizer.execution
from optimizer.errors import InputError
from optimizer.execution import choice, clock
from optimizer.execution.choice import make_executor
from optimizer.execution.executor import Executor, SerialExecutor, WorkerLostError
from optimizer.execution.processes import ProcessExecutor

ROOT = Path(optimizer.execution.__file__).parents[2]
PATIENCE = 30.0

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessExecutor]:
    with ProcessExecutor(2) as made:
        yield made


@pytest.fixture(params=["serial", "processes", "cluster"])
def either(request: pytest.FixtureRequest, pool: ProcessExecutor) -> Executor:
    if request.param == "cluster":
        found: Executor = request.getfixturevalue("on_cluster")
        return found
    return SerialExecutor() if request.param == "serial" else pool


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process ended; one that nobody has asked about yet counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_results_come_in_order(either: Executor) -> None:
    assert list(either.map(tasks.late_square, range(8), itertools.repeat(8))) == [k * k for k in range(8)]


def test_results_are_the_same_to_the_last_bit(pool: ProcessExecutor) -> None:
    numbers = [0.1 * k for k in range(50)]
    assert list(pool.map(tasks.square, numbers)) == list(SerialExecutor().map(tasks.square, numbers))


def test_submit_gives_a_future(either: Executor) -> None:
    assert either.submit(tasks.square, 3.0).result(PATIENCE) == 9.0
    assert either.submit(tasks.late_square, x=3, most=3).result(PATIENCE) == 9


def test_errors_arrive_whole(either: Executor) -> None:
    error = either.submit(tasks.wrong, "is wrong").exception(PATIENCE)
    assert isinstance(error, InputError)
    assert str(error) == "file.yaml:3: field: is wrong (cure)"
    assert error.findings[0].line == 3


def test_an_error_in_map_comes_in_its_place(either: Executor) -> None:
    found = either.map(tasks.square, [1.0, "x", 3.0])
    assert next(found) == 1.0
    with pytest.raises(TypeError):
        next(found)


def test_error_from_a_worker_says_where(pool: ProcessExecutor) -> None:
    error = pool.submit(tasks.wrong, "is wrong").exception(PATIENCE)
    assert "in wrong" in "".join(error.__notes__)


def test_error_that_cannot_be_pickled_comes_in_words(pool: ProcessExecutor) -> None:
    with pytest.raises(RuntimeError, match="1 and 2"):
        pool.submit(tasks.awkward).result(PATIENCE)


def test_shared_value_is_sent_once_to_each_worker(either: Executor) -> None:
    shared = either.share([1.5, 2.5, 3.5])
    found = list(either.map(tasks.taken, itertools.repeat(shared), [0, 1, 2] * 4))
    assert [value for value, _, _ in found] == [1.5, 2.5, 3.5] * 4
    # each process unpickled it once: it is one and the same object there
    assert len({(process, at) for _, at, process in found}) == len({process for _, _, process in found})
    other = either.share([9.5])
    assert either.submit(tasks.taken, other, index=0).result(PATIENCE)[0] == 9.5


def test_what_a_task_prints_is_no_result(pool: ProcessExecutor) -> None:
    assert pool.submit(tasks.chatter).result(PATIENCE) == 5


def test_both_workers_work(pool: ProcessExecutor, tmp_path: Path) -> None:
    # each waits for the other's file
    one, two = tmp_path / "one", tmp_path / "two"
    found = [pool.submit(tasks.announce_and_wait, one, two), pool.submit(tasks.announce_and_wait, two, one)]
    processes = {f.result(PATIENCE) for f in found}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_task_whose_worker_dies_is_tried_again(pool: ProcessExecutor, tmp_path: Path) -> None:
    lost = pool.submit(tasks.die_once, tmp_path, 11)
    others = list(pool.map(tasks.square, range(20)))
    assert lost.result(PATIENCE) == 11
    assert others == [k * k for k in range(20)]
    assert len(list(tmp_path.iterdir())) == 2


def test_task_that_always_kills_fails_after_the_second_time(pool: ProcessExecutor, tmp_path: Path) -> None:
    lost = pool.submit(tasks.die, tmp_path)
    others = list(pool.map(tasks.square, range(20)))
    with pytest.raises(WorkerLostError, match=r"die ended 2 times, last with exit code 7"):
        lost.result(PATIENCE)
    assert others == [k * k for k in range(20)]
    assert len(list(tmp_path.iterdir())) == 2


@posix
def test_worker_killed_between_tasks_is_replaced() -> None:
    with ProcessExecutor(1) as one:
        before = one.submit(tasks.process).result(PATIENCE)
        os.kill(before, signal.SIGKILL)
        assert one.submit(tasks.process).result(PATIENCE) != before


def test_shared_value_reaches_the_worker_that_replaces_another(tmp_path: Path) -> None:
    with ProcessExecutor(1) as one:
        shared = one.share(tmp_path)
        assert one.submit(tasks.die_once, shared, 4).result(PATIENCE) == 4


@posix
def test_leaving_by_an_error_drops_what_is_not_done(tmp_path: Path) -> None:
    started, never = tmp_path / "started", tmp_path / "never"
    with pytest.raises(KeyboardInterrupt), ProcessExecutor(1) as one:
        running = one.submit(tasks.announce_and_wait, started, never)
        waiting = one.submit(tasks.square, 2.0)
        until(lambda: started.exists() and started.read_text())
        raise KeyboardInterrupt
    assert waiting.cancelled()
    with pytest.raises(CancelledError):
        running.result(PATIENCE)
    assert gone(int(started.read_text()))


@posix
def test_leaving_in_peace_waits_for_tasks_and_ends_workers() -> None:
    with ProcessExecutor(1) as one:
        process = one.submit(tasks.process)
        later = one.submit(tasks.square, 2.0)
    assert later.result() == 4.0
    assert gone(process.result())
    with pytest.raises(RuntimeError):
        one.submit(tasks.square, 2.0)


def test_task_of_a_script_is_refused(pool: ProcessExecutor) -> None:
    def here() -> None: ...

    here.__module__ = "__main__"
    with pytest.raises(ValueError, match="not a function of a module"):
        pool.submit(here)


def test_choice_of_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cores", lambda: 3)
    for made, workers in (
        (make_executor(1), 1),
        (make_executor(2), 2),
        (make_executor(), 3),
        (make_executor(seconds=0.5), 1),
        (make_executor(seconds=60.0), 3),
        (make_executor(2, seconds=0.5), 2),
    ):
        with made:
            assert made.workers == workers
    monkeypatch.setattr(choice, "cores", lambda: 1)
    assert isinstance(make_executor(), SerialExecutor)
    with pytest.raises(InputError, match="workers"):
        make_executor(0)


def test_workers_start_no_workers(pool: ProcessExecutor) -> None:
    assert pool.submit(tasks.is_serial_inside).result(PATIENCE)


def test_a_time_limit_in_force_holds_in_workers(either: Executor) -> None:
    assert either.submit(tasks.seconds_left).result(PATIENCE) is None
    with clock.limited(1000.0):
        left = either.submit(tasks.seconds_left).result(PATIENCE)
    assert left is not None and 1000.0 - PATIENCE < left <= 1000.0


def test_gather_tells_how_many_are_done(either: Executor) -> None:
    told: list[int] = []
    assert either.gather(tasks.square, range(6), progress=told.append) == [k * k for k in range(6)]
    assert told == [1, 2, 3, 4, 5, 6]
    assert either.gather(tasks.square, []) == []


def test_gather_raises_the_first_error(either: Executor) -> None:
    with pytest.raises(InputError, match="one is wrong"):
        either.gather(tasks.wrong, ["one is wrong", "another is"])


def test_cancelled_gather_gives_what_was_done(tmp_path: Path) -> None:
    """The second task waits for ever; the third is done by the other worker, but it comes after one that is not."""
    there, never = tmp_path / "there", tmp_path / "never"
    there.touch()
    done: list[int] = []
    started = time.monotonic()
    with ProcessExecutor(2) as pool:
        found = pool.gather(tasks.wait_for, [there, never, there], cancelled=lambda: bool(done), progress=done.append)
        pool.shutdown(cancel_futures=True)
    assert found == [True]
    assert time.monotonic() - started < PATIENCE
    assert SerialExecutor().gather(tasks.square, range(9), cancelled=lambda: len(done) > 3, progress=done.append) == [
        0,
        1,
        4,
    ]


def test_run_all_measures_the_first_task(monkeypatch: pytest.MonkeyPatch, pool: ProcessExecutor) -> None:
    asked: list[float] = []

    def made(workers: int | None = None, seconds: float = 0.0) -> Executor:
        asked.append(seconds)
        return SerialExecutor()

    monkeypatch.setattr(choice, "make_executor", made)
    told: list[int] = []
    assert choice.run_all(tasks.late_square, range(4), itertools.repeat(4), progress=told.append) == [0, 1, 4, 9]
    assert told == [1, 2, 3, 4]
    # the first one sleeps 0.04 s, and three are left
    assert len(asked) == 1 and asked[0] >= 3 * 0.04
    assert choice.run_all(tasks.square, [3]) == [9] and choice.run_all(tasks.square, []) == []
    assert choice.run_all(tasks.square, [3, 4], executor=pool) == [9, 16]
    assert len(asked) == 1


def test_borrowed_executors_are_left_open(pool: ProcessExecutor) -> None:
    with choice.borrowed(pool, 0.0) as lent:
        assert lent is pool
    assert pool.submit(tasks.square, 2.0).result(PATIENCE) == 4.0
    with choice.borrowed(None, 0.0) as own:
        assert isinstance(own, SerialExecutor)


SCRIPT = textwrap.dedent(
    """
    import sys
    from pathlib import Path

    import executor_tasks as tasks
    from optimizer.execution.processes import ProcessExecutor

    # no main guard: workers must not import this script
    done = []
    try:
        with ProcessExecutor(2) as pool:
            files = [Path(name) for name in sys.argv[1:]]
            for process in pool.map(tasks.announce_and_wait, files[::2], files[1::2]):
                done.append(process)
    except KeyboardInterrupt:
        print("kept", len(done))
        sys.exit(130)
    print("done", len(done))
    """
)


def start(tmp_path: Path, count: int) -> tuple[subprocess.Popen[str], list[Path], list[Path]]:
    """A script that runs ``count`` tasks; each announces itself in a file and waits for another file."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    started = [tmp_path / f"started{k}" for k in range(count)]
    go_on = [tmp_path / f"go{k}" for k in range(count)]
    names = [str(p) for pair in zip(started, go_on, strict=True) for p in pair]
    path = os.pathsep.join([str(ROOT), str(Path(tasks.__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, str(script), *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    return process, started, go_on


@posix
def test_interrupt_keeps_what_is_done_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process, started, go_on = start(tmp_path, 5)
    go_on[0].touch()
    go_on[1].touch()
    until(lambda: all(s.exists() and s.read_text() for s in started[:4]))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.strip(), errors) == (130, "kept 2", "")
    assert not started[4].exists()
    assert all(gone(int(s.read_text())) for s in started[:4])


@posix
def test_workers_end_when_the_caller_is_killed(tmp_path: Path) -> None:
    process, started, _ = start(tmp_path, 2)
    until(lambda: all(s.exists() and s.read_text() for s in started))
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: all(gone(int(s.read_text())) for s in started))
