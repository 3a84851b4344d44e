"""Going on after a stop: the steps of a study in a file, beside what they are steps of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Steps:
    """The steps of one study of one case, kept in a file as they come."""

    path: Path
    hash: str
    """Of the inputs."""
    tag: Mapping[str, Any]
    """Options; steps under other options are not these."""
    done: list[Mapping[str, Any]] = field(default_factory=list)

    def read(self) -> tuple[Mapping[str, Any], ...]:
        """Steps of an earlier run; none where inputs or options differ, or nothing can be read."""
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            if saved["hash"] == self.hash and saved["tag"] == dict(self.tag):
                self.done.extend(saved["steps"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return tuple(self.done)

    def keep(self, step: Mapping[str, Any]) -> None:
        """One more step, saved at once."""
        from optimizer.io.saving import write_atomic

        self.done.append(step)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps({"hash": self.hash, "tag": dict(self.tag), "steps": self.done}))
