"""Stacks for the tests of this folder."""

from __future__ import annotations

import pytest

from support.stack import Stack


@pytest.fixture
def stack(tmp_path):
    """A stack of a test's own."""
    with Stack(tmp_path) as up:
        yield up
