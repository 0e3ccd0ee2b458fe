"""A standalone build of Python, given as an archive: what is taken of it, what is refused, and what is built around it.

The archive is made here, in the shape of python-build-standalone's `install_only` ones, and holds no working Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from hashlib import sha256
from zipfile import ZipFile

import pytest
from layer.build import ARCHITECTURE, PYTHON
from layer.interpreters import unpack_standalone
from layer.packages import version

from support.built_layers import build
from support.elf import AARCH64, X86_64, shared_library

NAME = f"python{PYTHON[2:]}"
LIB = f"python/lib/{NAME}"
GLIBC = {"libc.so.6": ("GLIBC_2.17",)}
MACHINE = {"x86_64": X86_64, "arm64": AARCH64}.get(ARCHITECTURE, X86_64)
PROGRAM = shared_library(("libc.so.6",), GLIBC, machine=MACHINE)
WANTED = {f"python/bin/{NAME}": PROGRAM, f"{LIB}/os.py": b"pass\n", f"{LIB}/LICENSE.txt": b"PSF\n"}
UNWANTED = {
    "python/bin/pip3": b"",
    f"python/include/{NAME}/patchlevel.h": f'#define PY_VERSION  "{PYTHON[2:]}.99"\n'.encode(),
    "python/lib/libtcl8.6.so": b"",
    "python/share/man/man1/python3.1": b"",
    f"{LIB}/config-{PYTHON[2:]}-x86_64-linux-gnu/Makefile": b"",
    f"{LIB}/idlelib/idle.py": b"",
    f"{LIB}/lib-dynload/_testcapi.cpython.so": b"",
    f"{LIB}/site-packages/pip/__init__.py": b"",
    f"{LIB}/test/test_os.py": b"",
}


def archived(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    path = folder / "cpython-install_only_stripped.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder / "python", "python")
    return path, sha256(path.read_bytes()).hexdigest()


def test_archive_is_unpacked_without_what_no_function_uses(tmp_path):
    archive, digest = archived(tmp_path, WANTED | UNWANTED)
    home = tmp_path / "home"
    (component,) = unpack_standalone(archive, digest, home)
    files = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert files == {"bin/python3", f"lib/{NAME}/os.py", f"lib/{NAME}/LICENSE.txt"}
    assert (component.name, component.version, component.sha256) == ("cpython", f"{PYTHON[2:]}.99", digest)


def test_library_that_the_interpreter_is_in_is_taken_along(tmp_path):
    library = f"lib{NAME}.so.1.0"
    files = WANTED | {f"python/bin/{NAME}": shared_library((library, "libc.so.6")), f"python/lib/{library}": b""}
    archive, digest = archived(tmp_path, files)
    unpack_standalone(archive, digest, tmp_path / "home")
    assert (tmp_path / "home" / "lib" / library).is_file()


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_archive_that_is_not_the_one_meant_is_refused(tmp_path, digest):
    archive, _ = archived(tmp_path, WANTED)
    with pytest.raises(SystemExit, match="has the SHA-256 "):
        unpack_standalone(archive, digest, tmp_path / "home")


def test_archive_of_another_version_is_refused(tmp_path):
    archive, digest = archived(tmp_path, {"python/bin/python3.0": PROGRAM})
    with pytest.raises(SystemExit, match="build with the version it is of"):
        unpack_standalone(archive, digest, tmp_path / "home")


@pytest.fixture
def libraries(tmp_path):
    """What stands for Amazon Linux's native libraries."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    for name in ("libstdc++.so.6", "libgcc_s.so.1"):
        (folder / name).write_bytes(PROGRAM)
    (folder / "COPYING3").write_text("GPL")
    return folder


linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")


@pytest.mark.slow
@linux
def test_layer_around_a_standalone_build_may_be_published(tmp_path, libraries):
    archive, digest = archived(tmp_path, WANTED | UNWANTED)
    dist = build(tmp_path / "dist", "--archive", archive, "--sha256", digest, "--libraries", libraries)
    built = dist / f"perdure-layer-{version()}-{PYTHON}-{ARCHITECTURE}.zip"
    assert (dist / "perdure.zip").read_bytes() == built.read_bytes()
    with ZipFile(built) as layer:
        assert "perdure/TEST-ONLY" not in layer.namelist()
        assert json.loads(layer.read("perdure/layer.json"))["refused"] is None
        assert {"perdure/native/libstdc++.so.6", "perdure/native/COPYING3"} <= set(layer.namelist())
        assert layer.getinfo("perdure/python/bin/python3").external_attr >> 16 & 0o111
        parts = json.loads(layer.read("perdure/sbom.cdx.json"))["components"]
    assert parts[0]["hashes"] == [{"alg": "SHA-256", "content": digest}]


@pytest.mark.slow
@linux
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (shared_library(("libc.so.6",), {"libc.so.6": ("GLIBC_2.38",)}, machine=MACHINE), "needs glibc 2.38"),
        (shared_library(machine=X86_64 + AARCH64 - MACHINE), "and the layer for"),
    ],
)
def test_interpreter_that_would_not_run_on_lambda_makes_no_layer(tmp_path, libraries, program, reason):
    archive, digest = archived(tmp_path, WANTED | {f"python/bin/{NAME}": program})
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(tmp_path / "dist", "--archive", archive, "--sha256", digest, "--libraries", libraries)
    assert reason in refused.value.stderr
    assert not (tmp_path / "dist" / "perdure.zip").exists()


@pytest.mark.parametrize("options", [("--test-only-python",), ()])
def test_layer_for_another_architecture_is_not_made_of_what_is_at_hand(tmp_path, options):
    other = {"x86_64": "arm64"}.get(ARCHITECTURE, "x86_64")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(tmp_path / "dist", "--architecture", other, *options)
    assert f"a layer for {other} is built from --wheels" in refused.value.stderr
