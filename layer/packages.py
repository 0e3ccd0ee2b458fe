"""What goes into a private folder: our wheels, and the libraries that the engine needs.

A library is the one that `requirements/` pins, known by its hashes. It comes from the environment the build runs in,
which holds what is pinned and is compared with what was installed; a layer for another architecture takes it from a
folder of wheels (`make layer-wheels`). Either way a build needs no network, and takes nothing that is not pinned.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

__all__ = [
    "BOTO3", "ENGINE", "Library", "Pin", "build_wheels", "copy_libraries", "pins", "shared_table", "unpack_wheels",
    "version",
]  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = {"perdure": "sdk", "perdure_runtime": "runtime", "perdure_bootstrap": "bootstrap"}
"""Distributions that a layer holds, by the name their wheels begin with, and their folders."""
WHEELS_ONLY = ("local",)
UNWANTED = ("*.pyc", "*.pyi", "*.c", "*.cpp", "*.h", "*.hpp", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
"""Files of a distribution that nothing reads at run time, or that differ from one installation to the next."""
TAGS = {"x86_64": "x86_64", "arm64": "aarch64"}
"""What the names of wheels call an architecture."""


class Library(NamedTuple):
    """A distribution that user code may bring too."""

    distribution: str
    modules: tuple[str, ...]
    """What is imported of it; the others come from where the first does."""
    leader: str | None = None
    """A library that it is only good with the same release of: it comes from where that one does."""
    floor: str | None = None
    """The oldest version that will do, where no distribution of ours says."""


ENGINE = (
    Library("awslambdaric", ("awslambdaric", "runtime_client")),
    Library("greenlet", ("greenlet",)),
    Library("orjson", ("orjson",)),
    Library("simplejson", ("simplejson",)),
    Library("snapshot-restore-py", ("snapshot_restore_py",)),
    Library("structlog", ("structlog",)),
)
"""What every layer holds besides our own packages."""
BOTO3 = (
    Library("boto3", ("boto3",)),
    Library("botocore", ("botocore",), leader="boto3"),
    Library("jmespath", ("jmespath",), floor="0.7.1"),
    Library("python-dateutil", ("dateutil",), floor="2.1"),
    Library("s3transfer", ("s3transfer",), leader="boto3"),
    Library("six", ("six",), floor="1.5"),
    Library("urllib3", ("urllib3",), floor="1.25.4"),
)
"""What the optional layer for boto3 holds; the floors are what botocore asks for."""


class Pin(NamedTuple):
    """What `requirements/` says of a library."""

    version: str
    sha256: frozenset[str]


def project(folder: str) -> dict[str, Any]:
    """The `[project]` table of one of our distributions."""
    text = (ROOT / folder / "pyproject.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def version() -> str:
    """The version that all of our distributions have."""
    return str(project("sdk")["version"])


def pins() -> dict[str, Pin]:
    """All libraries that are pinned, by name."""
    text = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    blocks = re.findall(r"^([a-z0-9.-]+)==([^ ]+)(.*(?:\n .*)*)", text, re.MULTILINE)
    return {name: Pin(number, frozenset(re.findall(r"sha256:(\w{64})", rest))) for name, number, rest in blocks}


def build_wheels(destination: Path) -> None:
    """Build the wheels of all our distributions."""
    folders = (*DISTRIBUTIONS.values(), *WHEELS_ONLY)
    options = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation")
    sources = [ROOT / folder for folder in folders]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", destination, *sources], check=True)


def unpack_wheels(wheels: Path, private: Path) -> None:
    """Unpack those of our wheels that a layer holds."""
    for name in DISTRIBUTIONS:
        with ZipFile(wheels / f"{name}-{version()}-py3-none-any.whl") as wheel:
            wheel.extractall(private)
    for record in private.glob("perdure*.dist-info/RECORD"):
        record.unlink()


def copy_libraries(
    libraries: tuple[Library, ...], private: Path, architecture: str, wheelhouse: Path | None = None
) -> None:
    """Put libraries into a private folder, from a folder of wheels or else from this environment."""
    pinned = pins()
    for library in libraries:
        pin = pinned[library.distribution]
        if wheelhouse is None:
            copy_installed(library.distribution, pin, private)
        else:
            unpack_pinned(find_wheel(wheelhouse, library.distribution, pin, architecture), pin, private)
    shipped = {library.distribution for library in libraries}
    for distribution in metadata.distributions(path=[str(private)]):
        needs = {normal(need) for need in distribution.requires or () if "extra ==" not in need and ";" not in need}
        if missing := sorted(need for need in needs - shipped if not need.startswith("perdure")):
            raise SystemExit(f"{distribution.name} {distribution.version} needs {', '.join(missing)}: no layer has it")


def copy_installed(name: str, pin: Pin, private: Path) -> None:
    """Copy a library of this environment, if it is the one pinned and nobody has changed it."""
    library = metadata.distribution(name)
    if library.version != pin.version:
        raise SystemExit(f"{sys.executable} has {name} {library.version}, which is not the one pinned: run make setup")
    for entry in library.files or ():
        if ".." in entry.parts or not is_wanted(Path(entry)):
            continue
        content = Path(str(entry.locate())).read_bytes()
        found = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if entry.hash is not None and entry.hash.value != found:
            raise SystemExit(f"{entry.locate()} is not as {name} installed it: remove .venv and run make setup")
        write(private / entry, content)


def find_wheel(wheelhouse: Path, name: str, pin: Pin, architecture: str) -> Path:
    """The wheel of a library for this Python and an architecture. Raises SystemExit where there is not just one."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    beginning = f"{name.replace('-', '_')}-{pin.version}-"
    found = [
        wheel
        for wheel in sorted(wheelhouse.glob("*.whl"))
        if wheel.name.startswith(beginning)
        and re.search(rf"-(?:{python}|py2\.py3|py3)-[^-]+-(?:any|\S*{TAGS[architecture]})\.whl$", wheel.name)
    ]
    if len(found) != 1:
        names = ", ".join(wheel.name for wheel in found) or "none"
        raise SystemExit(
            f"{wheelhouse} should have one wheel of {name} {pin.version} for {python} and {architecture},"
            f" and has {names}: make layer-wheels ARCHITECTURE={architecture} fetches them"
        )
    return found[0]


def unpack_pinned(path: Path, pin: Pin, private: Path) -> None:
    """Unpack a wheel, if it is one of those that are pinned."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest not in pin.sha256:
        raise SystemExit(f"{path} has the SHA-256 {digest}, which requirements/ does not pin: fetch it again")
    with ZipFile(path) as wheel:
        for entry in wheel.infolist():
            if not entry.is_dir() and is_wanted(Path(entry.filename)):
                write(private / entry.filename, wheel.read(entry))


def is_wanted(entry: Path) -> bool:
    """Whether a file of a distribution belongs into a layer."""
    return "tests" not in entry.parts and not any(entry.match(pattern) for pattern in UNWANTED)


def write(target: Path, content: bytes) -> None:
    """Write a file, whatever folders that takes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def normal(need: str) -> str:
    """The name of what a requirement asks for."""
    return re.split(r"[^A-Za-z0-9._-]", need.strip(), maxsplit=1)[0].lower().replace("_", "-")


def floors() -> dict[str, str]:
    """The oldest versions that the engine works with, where one of our distributions names one."""
    runtime, bootstrap = project("runtime"), project("bootstrap")
    needs = [*runtime["dependencies"], *runtime["optional-dependencies"]["boto"], *bootstrap["dependencies"]]
    found = (re.match(r"([a-z0-9-]+)>=([0-9.]+)", need) for need in needs)
    return {match[1]: match[2] for match in found if match}


def shared_table(libraries: tuple[Library, ...], *, absent: tuple[str, ...] = (), natives: dict[str, str]) -> str:
    """For the finder, a line for each module that user code may have too.

    Module, least version that will do, version shipped, distribution, module that it goes along with, and the native
    libraries it needs, which the layer has too; `-` where there is none. `absent` are libraries that the engine may use
    and this layer does not have.
    """
    pinned, least = pins(), floors()
    rows = [(name, least[name], "-", name, "-", "-") for name in absent]
    for library in libraries:
        name, shipped = library.distribution, pinned[library.distribution].version
        # Where nobody names a floor, nothing older is known to do.
        floor = library.floor or least.get(name, shipped)
        for module in library.modules:
            leader = library.leader or (library.modules[0] if module != library.modules[0] else "-")
            rows.append((module, floor, shipped, name.replace("-", "_"), leader, natives.get(name, "-")))
    return "".join(" ".join(row) + "\n" for row in sorted(rows))
