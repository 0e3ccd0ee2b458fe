"""What several tests of the engine ask for by name."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """No warning of asyncio, and no task left on the loop."""
    gc.freeze()  # only what the test makes is looked through at its end
    yield
    gc.collect()
    gc.unfreeze()
