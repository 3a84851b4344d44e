"""Tables of a small company, written where a test asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

USAGE = "customer,day,hour,ai_model,requests,input_tokens,output_tokens\n"
SUBSCRIPTIONS = "customer,segment,plan,started,ended,price,currency,interval\n"

Write = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A folder of tables: file name -> content."""

    def written(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "tables"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return written


@pytest.fixture(scope="session")
def known_truths() -> ModuleType:
    """Truths drawn from what is believed (``support/known_truths.py``)."""
    import known_truths

    return known_truths
