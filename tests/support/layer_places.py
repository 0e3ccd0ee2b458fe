"""Places to deploy to, as near to Lambda's as a machine has them: a container, or a root directory with little in it.

Either is the command of a worker, so the local service starts it, ends it, and starts another when it has died. In
either, what Lambda mounts is where Lambda mounts it, none of it can be written to, and the user is nobody. A root
directory has no system but a shell and the C library: the layer has to bring all else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from layer.binaries import C_LIBRARY
from layer.build import ARCHITECTURE, PYTHON

from perdure_local.worker_environment import OURS
from support.built_layers import ROOT, unpack
from support.processes import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LABEL",
    "MANAGED_PYTHON",
    "STOCK_SCRIPT",
    "build_image",
    "build_with",
    "docker",
    "in_container",
    "in_root",
    "lay_context",
    "lay_managed",
    "lay_root",
    "no_root",
    "remove_containers",
    "remove_images",
]

NOBODY = "65534:65534"
LABEL = f"perdure-test={os.getpid()}"
"""What all containers of this process are found by."""
PASSED = (*sorted(OURS.keys() - {"LAMBDA_TASK_ROOT"}), "AWS_LAMBDA_LOG_FORMAT", VARIABLE)
"""What a container gets of a worker's environment."""
MANAGED_PYTHON = "/var/lang/bin/python3"
STOCK_SCRIPT = "/var/runtime/bootstrap.py"
STOCK = """
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from awslambdaric import bootstrap
bootstrap.run(os.environ["LAMBDA_TASK_ROOT"], os.environ["_HANDLER"], os.environ["AWS_LAMBDA_RUNTIME_API"])
"""
ENTER = """#!/bin/sh
cd /var/task
export LAMBDA_TASK_ROOT=/var/task
exec "$@"
"""


def docker(*arguments: str | Path) -> str:
    """Have Docker do something; what it says."""
    command = [shutil.which("docker") or "docker", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def in_container(image: str, mounts: dict[str, Path], entry: str | None, *arguments: str) -> tuple[str, ...]:
    """Command of a worker in a container as strict as Lambda's sandbox.

    On Lambda, too, another process comes first: one that has no parent could not be killed from within.
    """
    program = shutil.which("docker") or "docker"
    strict = ["--read-only", "--tmpfs", "/tmp:size=16m", "--memory", "256m", "--user", NOBODY]  # noqa: S108
    passed = [part for name in PASSED for part in ("--env", name)]
    mounted = [part for at, folder in mounts.items() for part in ("--volume", f"{folder}:{at}:ro")]
    entered = ["--entrypoint", entry] if entry else []
    own = ["--rm", "--init", "--network", "host", "--label", LABEL, *strict, *passed]
    return (program, "run", *own, "--env", "LAMBDA_TASK_ROOT=/var/task", *mounted, *entered, image, *arguments)


def remove_containers() -> None:
    """Remove what was left of this process's containers."""
    if left := docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split():
        docker("rm", "--force", *left)


def lay_context(layer: Path, context: Path) -> Path:
    """Put what the Dockerfile may see into a folder, with a staged layer."""
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copyfile(ROOT / name, context / name)
    for name in ("layer", "examples"):
        shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(layer, context / "dist" / "layer")
    return context


def build_image(base_image: str, context: Path, tag: str) -> None:
    """Build the image of the Dockerfile, of a layer that only tests may have too."""
    meant = (f"BASE_IMAGE={base_image}", f"PYTHON_VERSION={PYTHON[2:]}", f"ARCHITECTURE={ARCHITECTURE}")
    allowed = (*meant, "TEST_ONLY=allowed")
    build_with(allowed, context, "--target", "checked", "--tag", f"{tag}-checked")  # named, so that it can be removed
    build_with(allowed, context, "--tag", tag)


def build_with(arguments: Iterable[str], context: Path, *options: str) -> None:
    """Have Docker build with these arguments for the Dockerfile."""
    given = [part for argument in arguments for part in ("--build-arg", argument)]
    docker("build", "--force-rm", "--network", "host", *given, *options, context)


def remove_images(tag: str) -> None:
    """Remove what `build_image` has come to, be it half of it."""
    if left := docker("image", "ls", "--quiet", "--filter", f"reference={tag}*").split():
        docker("image", "rm", "--force", *sorted(set(left)))


def lay_managed(root: Path, os_only: Path) -> None:
    """Put what a managed runtime has below `root`: the interpreter of an unpacked layer, and the stock loop."""
    shutil.copytree(os_only / "perdure" / "python", root / "var" / "lang", copy_function=os.link)
    runtime = root / "var" / "runtime"
    for name in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        for file in distribution(name).files or ():
            if ".." not in file.parts:
                (runtime / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(str(file.locate())), runtime / file)
    (root / STOCK_SCRIPT[1:]).write_text(STOCK, "utf-8")


def in_root(root: Path, *command: str) -> tuple[str, ...]:
    """Command of a worker to which `root` is all there is."""
    return (*entering(), str(root), "/enter", *command)


def lay_root(root: Path, layer: Path, task: Path, natives: Iterable[Path] = ()) -> None:
    """Make a root directory: a layer, a function, an empty /tmp, a shell, the C library, and `natives` beside that."""
    for folder in ("bin", "opt", "tmp", "var"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    unpack(layer, root / "opt")
    shutil.copytree(task, root / "var" / "task")
    shell = Path(shutil.which("sh") or "/bin/sh").resolve()
    shutil.copy(shell, root / "bin" / "sh")
    libraries = c_library(shell)
    home = next(library.parent for library in libraries if library.name.startswith("libc."))
    for library, place in [*((each, each) for each in libraries), *((each, home / each.name) for each in natives)]:
        (root / str(place)[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / str(place)[1:])
    (root / "enter").write_text(ENTER, "utf-8")
    for entered in (root / "enter", root):
        entered.chmod(0o755)


def c_library(program: Path) -> list[Path]:
    """All parts of the C library that a program of this system runs with, where it looks for them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()  # noqa: S607
    loaded = [Path(word) for word in listed if word.startswith("/") and C_LIBRARY.fullmatch(Path(word).name)]
    parts = {part for library in loaded for part in library.parent.iterdir() if C_LIBRARY.fullmatch(part.name)}
    return sorted({*loaded, *parts})


@cache
def entering() -> tuple[str, ...]:
    """What comes before a root directory in a command; nobody but root may enter one as such."""
    if sys.platform == "linux" and os.geteuid() == 0:
        return (shutil.which("chroot") or "chroot", f"--userspec={NOBODY}")
    return (shutil.which("unshare") or "unshare", "--user", "--map-root-user", shutil.which("chroot") or "chroot")


@cache
def no_root() -> str | None:
    """Why no process can have a root directory of its own here; None where one can."""
    if sys.platform != "linux":
        return "Lambda's binaries are Linux's"
    try:
        done = subprocess.run([*entering(), "/", "/bin/sh", "-c", ":"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip()
