"""Build the layers into `dist/`: `python -m layer.build`, run by a Python of the version that is to run in them.

Three layouts, one private folder in each (boot/perdure_finder.py has its rules):

    managed Python runtimes             OS-only runtimes            boto3, for OS-only runtimes

    perdure/wrapper                     bootstrap                   perdure/boto3/lib/
    perdure/boot/                       perdure/boot/
    perdure/pyX.Y/                      perdure/lib/
                                        perdure/native/
                                        perdure/python/

A layer for OS-only runtimes needs an interpreter: a standalone build given with its checksum, or, for tests, the one at
hand. Each layer says in `layer.json` what it is, and whether it may be published; what is in it stand in `SHA256SUMS`
and `sbom.cdx.json`. What is staged stays, `dist/layer/` for the container image; what may be published is there under a
name without version too, for the templates.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from layer.components import Component, bill_of_materials, native_components, python_components
from layer.interpreters import copy_at_hand, unpack_standalone
from layer.limits import hold_to_sizes, hold_to_system
from layer.natives import WELCOME, natives_needed, ship_given, ship_of_this_system
from layer.packages import BOTO3, ENGINE, build_wheels, copy_libraries, shared_table, unpack_wheels, version
from layer.zips import EPOCH, compile_all, pack_all, set_modes, write_hashes, write_zip

HERE = Path(__file__).resolve().parent
PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
ARCHITECTURES = ("x86_64", "arm64")
MANAGED = {"py3.13": "python3.13", "py3.14": "python3.14"}
"""Lambda's own runtimes that have durable functions."""
OS_ONLY = "provided.al2023"
TEST_ONLY = "Built around a Python that is not made for Lambda: for tests only, not to be published."


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built, and from what."""

    dist: Path
    architecture: str = ARCHITECTURE
    wheels: Path | None = None
    """A folder of wheels to take the libraries from; this environment where there is none."""
    libraries: Path | None = None
    """A folder with Amazon Linux's libstdc++ and libgcc_s, and their licences."""
    archive: Path | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """What `layer.json` says of a layer: all that publishing it takes."""

    name: str
    version: str
    description: str
    python: str
    compatible_architectures: tuple[str, ...]
    compatible_runtimes: tuple[str, ...]
    refused: str | None
    """Why the layer must not be published; null for one that may be."""
    license: str = "Apache-2.0"


def main(arguments: list[str] | None = None) -> int:
    """Build what is asked for, and name it."""
    parser = argparse.ArgumentParser(description="Build the Lambda layers.")
    parser.add_argument("--dist", type=Path, default=Path("dist"))
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=ARCHITECTURE)
    parser.add_argument("--wheels", type=Path, help="a folder of the pinned wheels, for another architecture")
    parser.add_argument("--libraries", type=Path, help="a folder with Amazon Linux's libstdc++.so.6 and libgcc_s.so.1")
    parser.add_argument("--archive", type=Path, help="a standalone build of this Python, install_only_stripped")
    parser.add_argument("--sha256", default="", help="the archive's checksum")
    parser.add_argument("--test-only-python", action="store_true", help="in its place, the Python that runs this")
    parser.add_argument("--boto3", action="store_true", help="also the layer that holds boto3")
    chosen = vars(parser.parse_args(arguments))
    test_only, boto3 = chosen.pop("test_only_python"), chosen.pop("boto3")
    order = Order(**chosen)
    if order.architecture != ARCHITECTURE and not order.wheels:
        parser.error(f"this machine is {ARCHITECTURE}: a layer for {order.architecture} is built from --wheels")
    if test_only and not order.archive and order.architecture != ARCHITECTURE:
        parser.error(f"the Python at hand does not run on {order.architecture}: give an --archive that does")
    build_wheels(order.dist / "wheels")
    announce(managed_layer(order))
    if order.archive or test_only:
        announce(os_only_layer(order))
    if boto3:
        announce(boto3_layer(order))
    return 0


def managed_layer(order: Order) -> Path:
    """The layer for managed Python runtimes, which bring the interpreter."""
    stage = emptied(order.dist / "layer-managed")
    fill(stage, order, PYTHON)
    write_table(stage, natives={})  # those runtimes have the native libraries: their own loop needs them
    shutil.copyfile(HERE / "wrapper", stage / "perdure" / "wrapper")
    runtimes = (MANAGED[PYTHON],) if PYTHON in MANAGED else ()
    described = Described(
        "perdure-managed",
        version(),
        f"Perdure, for Lambda's own Python {PYTHON[2:]}: AWS_LAMBDA_EXEC_WRAPPER=/opt/perdure/wrapper",
        PYTHON[2:],
        (order.architecture,),
        runtimes,
        None if runtimes else f"Lambda has no Python {PYTHON[2:]} with durable functions: for tests only.",
    )
    name = f"perdure-layer-{version()}-managed-{PYTHON}-{order.architecture}"
    hold_to_system(stage, order.architecture, system=WELCOME)
    return packed(
        "managed", stage, order.dist / f"{name}.zip", described, python_components(stage / "perdure" / PYTHON)
    )


def os_only_layer(order: Order) -> Path:
    """The layer for OS-only runtimes, around the interpreter in the archive, or else, for tests, the one at hand."""
    stage = emptied(order.dist / "layer")
    home = stage / "perdure"
    fill(stage, order, "lib")
    natives = natives_needed(home / "lib")
    write_table(stage, natives=natives)
    shutil.copyfile(HERE / "bootstrap", stage / "bootstrap")
    wanted = {name for names in natives.values() for name in names.split(",")}
    name = f"perdure-layer-{version()}-{PYTHON}-{order.architecture}"
    if order.archive:
        components = unpack_standalone(order.archive, order.sha256, home / "python")
        ship_given(wanted, order.libraries, home / "native")
        hold_to_system(stage, order.architecture)
    else:
        components = copy_at_hand(home / "python")
        ship_of_this_system(wanted, home / "native")
        hold_to_system(stage, order.architecture, excepted=("perdure/python", "perdure/native"))
        (home / "TEST-ONLY").write_text(f"{TEST_ONLY}\n", "utf-8")
        name += "-test-only"
    described = Described(
        "perdure",
        version(),
        f"Perdure and Python {PYTHON[2:]}, for OS-only runtimes",
        PYTHON[2:],
        (order.architecture,),
        (OS_ONLY,),
        None if order.archive else TEST_ONLY,
    )
    parts = [*components, *native_components(home / "native"), *python_components(home / "lib")]
    kind = "os-only" if order.archive else "test-only"
    return packed(kind, stage, order.dist / f"{name}.zip", described, parts)


def boto3_layer(order: Order) -> Path:
    """The optional layer beside the one for OS-only runtimes; it has no binaries, so it is for both architectures."""
    stage = emptied(order.dist / "layer-boto3")
    home = stage / "perdure" / "boto3"
    copy_libraries(BOTO3, home / "lib", order.architecture, order.wheels)
    (home / "shared.txt").write_text(shared_table(BOTO3, natives={}), "ascii")
    shutil.copyfile(HERE.parent / "LICENSE", home / "LICENSE")
    described = Described(
        "perdure-boto3",
        version(),
        f"boto3 for Perdure's layer with Python {PYTHON[2:]}",
        PYTHON[2:],
        ARCHITECTURES,
        (OS_ONLY,),
        None,
    )
    name = f"perdure-layer-{version()}-boto3-{PYTHON}"
    return packed("boto3", stage, order.dist / f"{name}.zip", described, python_components(home / "lib"))


def fill(stage: Path, order: Order, private: str) -> None:
    """Put in what both layouts with the engine have."""
    home = stage / "perdure"
    unpack_wheels(order.dist / "wheels", home / private)
    copy_libraries(ENGINE, home / private, order.architecture, order.wheels)
    (home / "boot").mkdir()
    for source in sorted((HERE / "boot").glob("*.py")):
        shutil.copyfile(source, home / "boot" / source.name)
    shutil.copyfile(HERE.parent / "LICENSE", home / "LICENSE")


def write_table(stage: Path, *, natives: dict[str, str]) -> None:
    """Leave the finder its table."""
    table = shared_table(ENGINE, absent=("boto3",), natives=natives)
    (stage / "perdure" / "boot" / "shared.txt").write_text(table, "ascii")


def packed(kind: str, stage: Path, target: Path, described: Described, components: list[Component]) -> Path:
    """Compile, pack, describe and zip what is staged."""
    home = stage / "perdure" / ("boto3" if kind == "boto3" else "")
    bill = bill_of_materials(described.name, components)
    compile_all(stage)
    pack_all(stage)
    (home / "layer.json").write_text(json.dumps(asdict(described), indent=1) + "\n", "utf-8")
    (home / "sbom.cdx.json").write_text(bill, "utf-8")
    write_hashes(stage, home / "SHA256SUMS")
    set_modes(stage)
    write_zip(stage, target, moment=float(os.environ.get("SOURCE_DATE_EPOCH", EPOCH)))
    hold_to_sizes(kind, stage, target)
    target.with_suffix(".cdx.json").write_text(bill, "utf-8")
    plain = target.with_name(f"{described.name}.zip")
    plain.unlink(missing_ok=True)
    if described.refused is None:
        shutil.copyfile(target, plain)
    return target


def emptied(folder: Path) -> Path:
    """`folder`, new."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def announce(built: Path) -> None:
    """Say what was built, how large it is, and by what it can be known again."""
    content = built.read_bytes()
    print(f"{built}  {len(content) / 1e6:.1f} MB  sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    sys.exit(main())
