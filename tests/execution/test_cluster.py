"""Tasks on a cluster: who is refused, what is run again, what is ended; ``test_executor`` holds what is the same."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import executor_tasks as tasks
import pytest
from processes import alive, needs_proc, soon

from optimizer.errors import InputError
from optimizer.execution import cluster, cluster_worker
from optimizer.execution.choice import make_executor
from optimizer.execution.cluster import ClusterExecutor
from optimizer.execution.executor import WorkerLostError

PATIENCE = 60.0


def running(file: Path) -> int:
    """The process that a task announced in a file."""
    assert soon(lambda: file.exists() and file.read_text() != "", PATIENCE)
    return int(file.read_text())


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://", ""])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InputError, match="no address of a cluster"):
        make_executor(cluster=address)


def test_workers_and_a_cluster_contradict() -> None:
    with pytest.raises(InputError, match="a cluster has workers of its own"):
        make_executor(2, cluster="tcp://127.0.0.1:8786")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'pricing-strategy-optimizer\[cluster\]'"):
        make_executor(cluster="tcp://127.0.0.1:8786")


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match="no cluster answers at tcp://"):
        make_executor(cluster=f"tcp://127.0.0.1:{free_port()}")


def test_a_cluster_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 0.1)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty,
        pytest.raises(InputError, match="has no workers"),
    ):
        ClusterExecutor(empty.scheduler_address)


def test_a_worker_of_another_version_is_refused(local_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter(["here", "there"])
    monkeypatch.setattr(cluster_worker, "source_hash", lambda: next(found))
    with pytest.raises(InputError, match=r"worker inproc://\S+ has source there instead of here"):
        ClusterExecutor(local_cluster.scheduler_address)


def test_a_worker_of_another_version_that_joins_later_is_refused(
    local_cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ClusterExecutor(local_cluster.scheduler_address) as made:
        monkeypatch.setattr(cluster_worker, "source_hash", lambda: "newer")
        with pytest.raises(InputError, match=r"worker inproc://\S+ has source newer instead of \w{16} \(install"):
            made.submit(tasks.square, 3.0).result(PATIENCE)


def test_task_whose_process_dies_is_tried_again(on_cluster: ClusterExecutor, tmp_path: Path) -> None:
    lost = on_cluster.submit(tasks.die_once, on_cluster.share(tmp_path), 11)
    assert list(on_cluster.map(tasks.square, range(20))) == [k * k for k in range(20)]
    assert lost.result(PATIENCE) == 11
    assert len(list(tmp_path.iterdir())) == 2


def test_task_that_always_kills_fails_after_the_second_time(on_cluster: ClusterExecutor, tmp_path: Path) -> None:
    lost = on_cluster.submit(tasks.die, tmp_path)
    assert list(on_cluster.map(tasks.square, range(20))) == [k * k for k in range(20)]
    with pytest.raises(WorkerLostError, match=r"die ended 2 times, last with exit code 7"):
        lost.result(PATIENCE)
    assert len(list(tmp_path.iterdir())) == 2


@needs_proc
def test_a_cancelled_task_is_ended(on_cluster: ClusterExecutor, tmp_path: Path) -> None:
    future = on_cluster.submit(tasks.announce_and_wait, tmp_path / "started", tmp_path / "never")
    process = running(tmp_path / "started")
    assert alive(process) and future.cancel()
    assert soon(lambda: not alive(process), PATIENCE)


@needs_proc
def test_a_stopped_gather_keeps_what_is_done(on_cluster: ClusterExecutor, tmp_path: Path) -> None:
    there, never, started = (tmp_path / name for name in ("there", "never", "started"))
    there.touch()
    done: list[int] = []
    found = on_cluster.gather(
        tasks.announce_and_wait, [started, tmp_path / "b"], [there, never], cancelled=lambda: bool(done),
        progress=done.append,
    )  # fmt: skip
    assert found == [running(started)]
    if (tmp_path / "b").exists():
        process = running(tmp_path / "b")
        assert soon(lambda: not alive(process), PATIENCE)


@needs_proc
def test_leaving_by_an_error_ends_what_is_not_done(local_cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ClusterExecutor(local_cluster.scheduler_address) as made:
        made.submit(tasks.announce_and_wait, tmp_path / "started", tmp_path / "never")
        process = running(tmp_path / "started")
        raise KeyboardInterrupt
    assert soon(lambda: not alive(process), PATIENCE)
    with pytest.raises(RuntimeError):
        made.submit(tasks.square, 2.0)


@needs_proc
def test_a_process_without_a_task_ends(local_cluster: Any) -> None:
    with ClusterExecutor(local_cluster.scheduler_address) as made:
        process = made.submit(tasks.process).result(PATIENCE)
        cluster_worker.end_idle(PATIENCE)
        assert alive(process)
    cluster_worker.end_idle(0.0)
    assert soon(lambda: not alive(process), PATIENCE)
