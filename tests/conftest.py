"""Settings that every test shares."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).resolve().parent.parent

# Nothing is stored between runs, and nothing is written into the tree outside the ignored cache.
set_hypothesis_home_dir(ROOT / ".pytest_cache" / "hypothesis")
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("OPTIMIZER_HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def factory() -> ModuleType:
    """The small market and cases on it (``support/market_factory.py``)."""
    import market_factory

    return market_factory


@pytest.fixture(scope="session")
def problem(factory: ModuleType) -> Any:
    """The small market with the small case, ready to be solved."""
    return factory.problem()


@pytest.fixture(scope="session")
def instances() -> ModuleType:
    """Random array instances (``support/random_instances.py``)."""
    import random_instances

    return random_instances


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """Small instances and a brute force in plain loops (``support/formulation_small.py``)."""
    import formulation_small

    return formulation_small


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one the tests are skipped, but never where CI=true."""
    from devtools import Browser, find_browser

    path = find_browser()
    if path is None:
        why = "no Chromium on this machine: install it (Debian: apt-get install chromium) or set CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with Browser(path) as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A failure names the seed that it happened at, wherever in the test's own frames one stands."""
    report = yield
    if report.failed and call.excinfo is not None:
        frames = [entry.frame.f_locals for entry in call.excinfo.traceback]
        found = {f"{name} = {frame[name]!r}" for frame in frames for name in ("seed", "start") if name in frame}
        if found:
            report.sections.append(("drawn from", ", ".join(sorted(found))))
    return report
