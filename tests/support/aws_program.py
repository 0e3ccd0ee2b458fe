"""A program: moto's server for AWS's services, on a port of its own; says which, and ends with its standard input."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    server: Any = import_module("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # connections that are kept open would be waited for


if __name__ == "__main__":
    main()
