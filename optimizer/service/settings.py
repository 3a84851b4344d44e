"""How a service is set up: where it listens, whom it answers, how much it takes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

FIRST = "openai-2025-margin"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class ServiceSettings:
    """One running service."""

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Whoever has it may ask."""
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Exchanged once, by the first browser that shows it, for a cookie with the token."""
    names: tuple[str, ...] = ()
    """Further names that this machine is called by; requests for any other are refused."""
    workspace: Path | None = None
    """Folder of saved cases, markets and runs; None: nothing outlives the service."""
    first: str = FIRST
    """Case whose page comes first, and that workers make ready when they start."""
    workers: int = 2
    most_body: int = 1 << 20
    """bytes"""
    most_waiting: int = 20
    """Jobs that wait or run at once."""
    most_seconds: float = 300.0
    """Longest time limit that a job may ask for, and the one of those that ask for none."""
    most_jobs: int = 500
    """Ended jobs that are remembered."""

    @property
    def hosts(self) -> frozenset[str]:
        """What a request's Host may say."""
        own = () if self.host in ("0.0.0.0", "::") else (f"[{self.host}]" if ":" in self.host else self.host,)
        named = (*LOOPBACK, *own, *self.names)
        return frozenset(f"{name}:{self.port}" for name in named) | (
            frozenset(named) if self.port == 80 else frozenset()
        )

    @property
    def origins(self) -> frozenset[str]:
        """What a request's Origin may say."""
        return frozenset(f"http://{host}" for host in self.hosts)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it, with the ticket."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?ticket={self.ticket}"
