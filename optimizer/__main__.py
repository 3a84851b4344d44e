"""``python -m optimizer``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from optimizer.cli.main import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
