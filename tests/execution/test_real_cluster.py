"""A scheduler and workers as processes of their own: workers that are killed, a cluster that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from types import ModuleType
from typing import Any

import executor_tasks as tasks
import pytest
from processes import alive, busy, children, needs_proc, soon

from optimizer.errors import InputError
from optimizer.execution.cluster import ClusterError, ClusterExecutor
from optimizer.execution.executor import Executor, SerialExecutor, WorkerLostError
from optimizer.execution.processes import ProcessExecutor
from optimizer.optimise.outcome import Settings
from optimizer.studies.sensitivity_ends import best_value

pytest.importorskip("distributed")
from clusters import PATHS, cluster, scheduler, started, worker_command

pytestmark = [pytest.mark.full, needs_proc]
PATIENCE = 120.0


def below(workers: list[subprocess.Popen[bytes]]) -> list[int]:
    """Processes of tasks."""
    return [pid for worker in workers for pid in children(worker.pid)]


def test_200_solves_on_two_workers_of_which_one_is_killed(factory: ModuleType, tmp_path: Path) -> None:
    m, settings = factory.problem(), Settings(gap=1e-6, cross_check=False)
    prices = [2.0 + 0.02 * k for k in range(200)]
    path = "pools.main.price"
    alone = SerialExecutor().gather(best_value, repeat(m), repeat(settings), repeat(path), prices)
    assert len({end.value for end in alone}) > 100
    killed: list[int] = []
    with cluster(tmp_path) as (address, workers), ClusterExecutor(address) as made:
        assert made.workers == 2
        shared = made.share(m)

        def kill(done: int) -> None:
            if done == 20:
                assert all(children(worker.pid) for worker in workers)
                workers[0].kill()
                killed.append(workers[0].wait())

        found = made.gather(best_value, repeat(shared), repeat(settings), repeat(path), prices, progress=kill)
        assert killed == [-signal.SIGKILL]
        assert found == alone


def test_what_dask_costs_beside_the_local_processes_is_told(
    factory: ModuleType, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Processor seconds of the same 60 solves; ``docs/cluster.md`` has what was measured."""
    m, settings = factory.problem(), Settings(gap=1e-6, cross_check=False)
    arguments = ("pools.main.price", [2.0 + 0.02 * k for k in range(60)])

    def solved(made: Executor, processes: Callable[[], float]) -> tuple[list[Any], float]:
        shared = made.share(m)
        made.gather(best_value, [shared] * 4, repeat(settings), repeat(arguments[0]), arguments[1])  # all have started
        before = processes()
        found = made.gather(best_value, repeat(shared), repeat(settings), repeat(arguments[0]), arguments[1])
        return found, processes() - before

    with ProcessExecutor(2) as pool:
        local, alone = solved(pool, lambda: sum(map(busy, children(os.getpid()))))
    with cluster(tmp_path) as (address, workers), ClusterExecutor(address) as made:
        found, spread = solved(made, lambda: sum(busy(worker.pid) for worker in workers))
    assert found == local and alone > 0.0
    each = (spread - alone) / len(found)
    record_property("dask_seconds_a_task", round(each, 4))
    print(
        f"60 solves: local processes {alone:.2f} s, a cluster's workers {spread:.2f} s, {1e3 * each:.0f} ms a task more"
    )
    assert each < 0.1, (alone, spread)


def test_the_task_of_a_killed_worker_is_run_again(tmp_path: Path) -> None:
    started_at, go_on = tmp_path / "started", tmp_path / "go"
    with cluster(tmp_path) as (address, workers), ClusterExecutor(address) as made:
        future = made.submit(tasks.announce_and_wait, started_at, go_on)
        assert soon(lambda: started_at.exists() and started_at.read_text() != "", PATIENCE)
        first = int(started_at.read_text())
        (lost,) = [worker for worker in workers if first in children(worker.pid)]
        lost.kill()
        assert soon(lambda: not alive(first), PATIENCE), "its process is left"
        go_on.touch()
        assert future.result(PATIENCE) not in (first, None)


def test_a_task_that_takes_workers_with_it_fails(tmp_path: Path) -> None:
    """It is tried once more; the start that tells of the second loss may take a third worker."""
    counted = tmp_path / "counted"
    counted.mkdir()
    with cluster(tmp_path, 4) as (address, workers), ClusterExecutor(address) as made:
        lost = made.submit(tasks.die_with_the_worker, counted)
        assert list(made.map(tasks.square, range(40))) == [k * k for k in range(40)]
        with pytest.raises(WorkerLostError):
            lost.result(PATIENCE)
        assert 2 <= sum(worker.poll() is not None for worker in workers) <= 3
        assert made.submit(tasks.square, 2.0).result(PATIENCE) == 4.0


def test_a_cluster_that_goes_away_is_told(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as (address, workers):
        made = ClusterExecutor(address)
        future = made.submit(tasks.announce_and_wait, tmp_path / "started", tmp_path / "never")
        assert soon(lambda: below(workers) != [], PATIENCE)
    with pytest.raises(ClusterError, match="is gone"):
        future.result(PATIENCE)
    made.shutdown(cancel_futures=True)


def test_a_worker_without_the_package_is_refused(tmp_path: Path) -> None:
    from distributed import Client

    with (
        scheduler(tmp_path) as (address, file),
        started(tmp_path / "worker.log", *worker_command(file), path=PATHS[1:]),
        Client(address, set_as_default=False) as client,
    ):
        client.wait_for_workers(1, 60)
        with pytest.raises(InputError, match=r"worker tcp://\S+ cannot load this package"):
            ClusterExecutor(address)
