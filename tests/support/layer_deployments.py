"""A function deployed in each form, behind a local service: the OS-only layer, the image, the wrapper of a managed one.

What the function does is in `layer_workflows`, where its worker runs in `layer_places`.
"""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from layer.build import PYTHON

from perdure_local import LogLine
from support import layer_workflows
from support.built_layers import MANAGED, OS_ONLY, built, unpack
from support.layer_places import (
    MANAGED_PYTHON,
    STOCK_SCRIPT,
    build_image,
    in_container,
    in_root,
    lay_context,
    lay_managed,
    lay_root,
    remove_images,
)
from support.stack import PATIENCE, Ran, Stack

if TYPE_CHECKING:
    from contextlib import ExitStack

    import pytest

    from perdure_local import Notice

__all__ = ["FORMS_IN_CONTAINER", "FORMS_IN_ROOT", "FUNCTION", "Deployed", "Deployments", "Form"]

FORMS_IN_CONTAINER = ("layer_in_container", "image_in_container", "wrapper_in_container")
FORMS_IN_ROOT = ("layer_in_root", "wrapper_in_root")
WRAPPED = ("/opt/perdure/wrapper", MANAGED_PYTHON, STOCK_SCRIPT)
"""What a managed runtime calls, and with which arguments."""
FUNCTION = "workflow"
TAG = f"perdure-test-scenarios-{os.getpid()}"


class Form(NamedTuple):
    """A function deployed in one form, and what is to be seen of that."""

    command: tuple[str, ...]
    """How its worker is started."""
    python: str
    """Where the interpreter is."""
    engine: str
    """Where the engine is."""
    killed: str
    """How its end is told when it was killed."""


OWN = ("/opt/perdure/python/bin/", "/opt/perdure/lib/perdure/")
LENT = ("/var/lang/bin/", f"/opt/perdure/{PYTHON}/perdure/")
IN_DOCKER, IN_ROOT = "exit status 137", "signal: killed"


class Deployments:
    """Deploys in any form; what several of them need is made once."""

    def __init__(self, factory: pytest.TempPathFactory, base_image: str) -> None:
        self._new = partial(factory.mktemp, "deployed")
        self._base_image = base_image
        self._dist = built(factory)
        self._task = self._new()
        shutil.copyfile(Path(layer_workflows.__file__), self._task / "app.py")
        self._task.chmod(0o755)
        self._os_only: Path | None = None

    def deploy(self, form: str, leaving: ExitStack) -> Form:
        """Deploy in the form of one of the methods below."""
        made: Form = getattr(self, form)(leaving)
        return made

    def layer_in_container(self, _: ExitStack) -> Form:
        mounts = {"/opt": self.os_only(), "/var/task": self._task}
        return Form(in_container(self._base_image, mounts, "/opt/bootstrap"), *OWN, IN_DOCKER)

    def image_in_container(self, leaving: ExitStack) -> Form:
        leaving.callback(remove_images, TAG)
        build_image(self._base_image, lay_context(self._dist / "layer", self._new()), TAG)
        return Form(in_container(TAG, {"/var/task": self._task}, None, "app.handler"), *OWN, IN_DOCKER)

    def wrapper_in_container(self, _: ExitStack) -> Form:
        root = self._new()
        lay_managed(root, self.os_only())
        opt = self._new()
        unpack(self._dist / MANAGED, opt)
        opt.chmod(0o755)
        managed = {at: root / at[1:] for at in ("/var/lang", "/var/runtime")}
        mounts = {"/opt": opt, "/var/task": self._task, **managed}
        return Form(in_container(self._base_image, mounts, *WRAPPED), *LENT, IN_DOCKER)

    def layer_in_root(self, _: ExitStack) -> Form:
        root = self._new()
        lay_root(root, self._dist / OS_ONLY, self._task)
        return Form(in_root(root, "/opt/bootstrap"), *OWN, IN_ROOT)

    def wrapper_in_root(self, _: ExitStack) -> Form:
        root = self._new()
        lay_root(root, self._dist / MANAGED, self._task, self.os_only().glob("perdure/native/*.so*"))
        lay_managed(root, self.os_only())
        return Form(in_root(root, *WRAPPED), *LENT, IN_ROOT)

    def os_only(self) -> Path:
        """The layer for OS-only runtimes, unpacked."""
        if self._os_only is None:
            self._os_only = self._new()
            unpack(self._dist / OS_ONLY, self._os_only)
            self._os_only.chmod(0o755)
        return self._os_only


class Deployed:
    """A function in one form, behind a local service."""

    def __init__(self, form: Form, stack: Stack) -> None:
        self.form = form
        self.stack = stack
        self._written: list[str] = []
        self._more = threading.Condition()
        stack.service.subscribe(self._note)
        stack.host(
            FUNCTION, "app.handler", command=form.command, memory=256, log_format="JSON", inherit=("DOCKER_HOST",)
        )

    def run(self, scenario: str, **event: Any) -> Ran:
        """Run a scenario to its end."""
        return self.stack.run(FUNCTION, {"scenario": scenario, **event})

    def written(self) -> list[str]:
        """What the worker has written since this was last asked."""
        self.run("said", text="so far")
        with self._more:
            assert self._more.wait_for(lambda: "so far" in self._written, PATIENCE), self._written
            written, self._written = self._written, []
        return [line for line in written if line != "so far"]

    def bodies(self) -> list[str]:
        """Name and attempt of each body that ran since this was last asked."""
        return [line.removeprefix("ran ") for line in self.written() if line.startswith("ran ")]

    def _note(self, notice: Notice | LogLine) -> None:
        if isinstance(notice, LogLine):
            with self._more:
                self._written.append(notice.text)
                self._more.notify_all()
