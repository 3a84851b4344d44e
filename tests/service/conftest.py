"""One service for all tests of this folder that do not kill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from running_service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one worker and a workspace."""
    made = Service(tmp_path_factory.mktemp("workspace"))
    yield made
    made.end()


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Starts services that a test may kill."""
    made: list[Service] = []

    def started(*args: Any) -> Service:
        made.append(Service(*args))
        return made[-1]

    yield started
    for one in made:
        one.end()
