"""A cluster in this process, for what every executor promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def local_cluster() -> Iterator[Any]:
    """One worker of two tasks at a time in this process: the tasks are in processes of their own all the same."""
    distributed = pytest.importorskip("distributed")
    from optimizer.execution import cluster_worker

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, silence_logs="CRITICAL"
    ) as made:
        yield made
        cluster_worker.end_idle(0.0)


@pytest.fixture(scope="session")
def on_cluster(local_cluster: Any) -> Iterator[Any]:
    from optimizer.execution.cluster import ClusterExecutor

    with ClusterExecutor(local_cluster.scheduler_address) as made:
        yield made
