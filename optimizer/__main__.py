"""``python -m optimizer`` and the command ``optimizer``: from here on an interrupt ends in one clean document."""

from __future__ import annotations

import sys

from optimizer.cli import interrupts


def main() -> int:
    """Run the command; the exit code."""
    return interrupts.run(_command)


def _command() -> int:
    from optimizer.cli.main import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
