"""`python -m perdure_bootstrap [handler]`: serve the handler given, or the one that `_HANDLER` names."""

from __future__ import annotations

import os
import sys

from perdure_bootstrap import collector, packs, submodules


def main() -> None:
    """Serve until Lambda ends the process."""
    # All before the imports that follow.
    collector.rest()
    submodules.find_at_once()
    packs.unpack(packs.START)
    from perdure_bootstrap.entry import run

    # Read now, not at import: a wrapper script that ran before us may have put another handler in the variable.
    run(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("_HANDLER", ""))


if __name__ == "__main__":
    main()
