"""How requests introduce themselves: the User-Agent header."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from perdure import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping


_TOKEN = frozenset("!$%&'*+-.^_`|~,0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def user_agent(environ: Mapping[str, str]) -> str:
    """Name this client, the interpreter and, on Lambda, the execution environment, in the form of AWS's own clients."""
    parts = [f"perdure/{__version__}", f"lang/python#{'.'.join(str(part) for part in sys.version_info[:3])}"]
    if environment := environ.get("AWS_EXECUTION_ENV"):
        parts.append(f"exec-env/{''.join(char if char in _TOKEN else '-' for char in environment)}")
    return " ".join(parts)
