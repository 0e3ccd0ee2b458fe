"""SnapStart: the process is stopped when its init phase ends, kept as a snapshot, and brought back many times over.

    hooks before the snapshot, the last registered first
    `restore/next`, which is answered in each process made from the snapshot
    what must not be alike in all of them is made anew
    hooks after the restore, the first registered first

Hooks are registered with AWS's package snapshot-restore-py; a process that never imported it has none. What goes wrong
up to the restore is an init error and ends the process with status 64, what goes wrong after it is a restore error and
ends it with 65, as in Lambda's own runtime.

Made anew are the state of `random`, from which processes would otherwise draw the same numbers, that of OpenSSL, and
by `renew` the engine's connection and credentials. `os.urandom`, and with it `uuid`, `secrets` and the engine's own
tokens, is the kernel's business.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from perdure_bootstrap.faults import AFTER_RESTORE_ERROR, BEFORE_SNAPSHOT_ERROR

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_bootstrap.loop import Loop

__all__ = ["pass_snapshot"]

REGISTRY = "snapshot_restore_py"
BEFORE_STATUS, AFTER_STATUS = 64, 65
SEED_BYTES = 48


def pass_snapshot(loop: Loop, renew: Callable[[], object]) -> None:
    """Go through both phases; returns in a restored process that is ready to serve."""
    try:
        _run_before_hooks()
    except BaseException as error:  # noqa: BLE001  (user code)
        loop.report_init(error, BEFORE_SNAPSHOT_ERROR)
        raise SystemExit(BEFORE_STATUS) from None
    try:
        loop.wait_for_restore()
    except Exception as error:  # noqa: BLE001  whatever it is; not SystemExit, by which SIGTERM ends the wait
        loop.report_init(error, BEFORE_SNAPSHOT_ERROR)
        raise SystemExit(BEFORE_STATUS) from None
    try:
        _reseed()
        renew()
        _run_after_hooks()
    except BaseException as error:  # noqa: BLE001  (user code)
        loop.report_restore(error, AFTER_RESTORE_ERROR)
        raise SystemExit(AFTER_STATUS) from None


def _run_before_hooks() -> None:
    if (registry := sys.modules.get(REGISTRY)) is not None:
        hooks = registry.get_before_snapshot()
        while hooks:  # taken off one by one, since a hook may register another
            hook, args, options = hooks.pop()
            hook(*args, **options)


def _run_after_hooks() -> None:
    if (registry := sys.modules.get(REGISTRY)) is not None:
        for hook, args, options in registry.get_after_restore():
            hook(*args, **options)


def _reseed() -> None:
    # Asked for by name: user code may have a module `random` of its own.
    if (seed := getattr(sys.modules.get("random"), "seed", None)) is not None:
        seed()
    if (add := getattr(sys.modules.get("_ssl"), "RAND_add", None)) is not None:
        add(os.urandom(SEED_BYTES), SEED_BYTES)
