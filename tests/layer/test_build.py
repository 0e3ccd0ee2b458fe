"""What `make layer` builds: its layout, its modes, its being the same every time, and that it serves."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from layer.build import ARCHITECTURE, PYTHON
from layer.interpreters import unpack_standalone
from layer.packages import SHIPPED, version
from layer.zips import write_zip

from support.deployed import AWAY, answered, serve
from support.ledger_service import LedgerService

ROOT = Path(__file__).parents[2]
MANAGED = f"perdure-layer-{version()}-managed-{PYTHON}-{ARCHITECTURE}.zip"
OS_ONLY = f"perdure-layer-{version()}-{PYTHON}-{ARCHITECTURE}-test-only.zip"
linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")
pytestmark = [pytest.mark.slow, linux]


def build(dist, *options, **environ):
    command = [sys.executable, "-m", "layer.build", "--dist", str(dist), *options]
    subprocess.run(command, cwd=ROOT, env=os.environ | environ, check=True, stdout=subprocess.DEVNULL)
    return dist


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"), "--test-only-python")


@pytest.fixture(scope="module")
def opt(dist, tmp_path_factory):
    """The OS-only layer unpacked as Lambda does it, in a place of our own."""
    folder = tmp_path_factory.mktemp("opt")
    with ZipFile(dist / OS_ONLY) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            path.chmod(entry.external_attr >> 16)
    return folder


def entries(dist, name):
    with ZipFile(dist / name) as archive:
        return {entry.filename: entry for entry in archive.infolist()}


def test_layer_for_managed_runtimes_has_the_wrapper_and_no_interpreter(dist):
    names = entries(dist, MANAGED).keys()
    assert {name.split("/")[0] for name in names} == {"perdure"}
    assert {name.split("/")[1] for name in names} == {"LICENSE", "boot", PYTHON, "wrapper"}


def test_layer_for_os_only_runtimes_has_an_interpreter_and_says_where_it_is_from(dist):
    names = entries(dist, OS_ONLY).keys()
    assert {name.split("/")[0] for name in names} == {"bootstrap", "perdure"}
    assert {name.split("/")[1] for name in names if "/" in name} == {"LICENSE", "TEST-ONLY", "boot", "lib", "python"}


@pytest.mark.parametrize("name", [MANAGED, OS_ONLY])
def test_everyone_may_read_all_files_and_run_the_programs(dist, name):
    programs = {"bootstrap", "perdure/wrapper", "perdure/python/bin/python3", f"perdure/python/bin/python{PYTHON[2:]}"}
    for entry in entries(dist, name).values():
        mode = entry.external_attr >> 16
        assert stat.S_ISREG(mode)
        assert stat.S_IMODE(mode) == (0o755 if entry.filename in programs else 0o644), entry.filename


@pytest.mark.parametrize("name", [MANAGED, OS_ONLY])
def test_every_module_has_byte_code_that_is_never_compared_with_its_source(dist, name):
    found = entries(dist, name)
    tag = sys.implementation.cache_tag
    for module in (name for name in found if name.endswith(".py")):
        folder, _, stem = module.removesuffix(".py").rpartition("/")
        assert f"{folder}/__pycache__/{stem}.{tag}.pyc" in found
    with ZipFile(dist / name) as archive:
        for compiled in (name for name in found if name.endswith(".pyc")):
            assert archive.read(compiled)[4:8] == b"\1\0\0\0", compiled  # hash-based, unchecked (PEP 552)


def test_engine_and_its_libraries_are_in_the_private_folder_and_nothing_else(dist):
    names = entries(dist, MANAGED)
    folder = f"perdure/{PYTHON}/"
    packages = {name.removeprefix(folder).split("/")[0] for name in names if name.startswith(folder)}
    assert {name for name in packages if not name.endswith(".dist-info")} == {
        *("perdure", "perdure_runtime", "perdure_bootstrap"),
        *SHIPPED,
    }


def test_same_sources_give_the_same_bytes(dist, tmp_path):
    umask = os.umask(0o077)
    try:
        again = build(tmp_path / "again", PYTHONHASHSEED="7", TZ="Asia/Tokyo")
    finally:
        os.umask(umask)
    assert sha256((again / MANAGED).read_bytes()).digest() == sha256((dist / MANAGED).read_bytes()).digest()


@pytest.mark.long
def test_same_interpreter_gives_the_same_bytes(dist, tmp_path):
    again = build(tmp_path / "again", "--test-only-python", PYTHONHASHSEED="7")
    assert sha256((again / OS_ONLY).read_bytes()).digest() == sha256((dist / OS_ONLY).read_bytes()).digest()


def test_moment_of_all_files_can_be_given(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "file").write_text("")
    write_zip(tmp_path / "stage", tmp_path / "a.zip", moment=1_700_000_000)
    assert entries(tmp_path, "a.zip")["file"].date_time == (2023, 11, 14, 22, 13, 20)


APP = """
import sys, orjson, perdure, perdure_runtime
def handler(event, context):
    return {"event": event, "origins": [m.__file__ for m in (orjson, perdure, perdure_runtime)], "path": sys.path,
            "executable": sys.executable, "modules": list(sys.modules)}
"""


DURABLE = """
from perdure import Context, durable

@durable
def handler(order: dict[str, int], ctx: Context) -> int:
    return order["n"] + 1
"""


@pytest.fixture
def task_root(tmp_path):
    root = tmp_path / "task"
    root.mkdir()
    (root / "app.py").write_text(APP)
    return root


def test_unpacked_layer_serves_a_function_with_its_own_interpreter(opt, task_root):
    answer = answered(*serve([opt / "bootstrap"], task_root, {"n": 1}))
    assert answer["event"] == {"n": 1}
    assert Path(answer["executable"]).is_relative_to(opt)
    assert all(Path(origin).is_relative_to(opt / "perdure" / "lib") for origin in answer["origins"])


def test_unpacked_layer_serves_a_durable_function(opt, task_root):
    (task_root / "app.py").write_text(DURABLE)
    service = LedgerService('{"n": 1}')
    answer = answered(*serve([opt / "bootstrap"], task_root, json.loads(service.begin()), **AWAY))
    assert answer == {"Status": "SUCCEEDED", "Result": "2"}


def test_nothing_of_the_layer_is_on_the_functions_path(opt, task_root):
    path = answered(*serve([opt / "bootstrap"], task_root, {}))["path"]
    assert path[0] == str(task_root)
    assert not [entry for entry in path if Path(entry).is_relative_to(opt / "perdure" / "boot")]
    assert not [entry for entry in path if Path(entry).is_relative_to(opt / "perdure" / "lib")]


def test_old_library_in_the_bundle_gives_way_to_the_layers_with_a_warning(opt, task_root):
    (task_root / "orjson").mkdir()
    (task_root / "orjson" / "__init__.py").write_text("raise ImportError('the wrong one')")
    (task_root / "orjson-3.0.0.dist-info").mkdir()
    record, output = serve([opt / "bootstrap"], task_root, {})
    assert Path(answered(record, output)["origins"][0]).is_relative_to(opt)
    assert output.count("orjson 3.0.0") == 1


def test_wrapper_starts_the_loop_with_the_managed_interpreter_and_ignores_the_stock_script(dist, task_root):
    wrapper = dist / "layer-managed" / "perdure" / "wrapper"
    answer = answered(*serve([wrapper, sys.executable, "/var/runtime/bootstrap.py"], task_root, {}))
    assert answer["executable"] == sys.executable
    assert all(Path(origin).is_relative_to(wrapper.parent / PYTHON) for origin in answer["origins"][1:])


def test_wrapper_hands_over_to_a_vendors(dist, task_root, tmp_path):
    vendor = tmp_path / "vendor"
    vendor.write_text('#!/bin/sh\necho "vendor wraps"\nexec "$@"\n')
    vendor.chmod(0o755)
    wrapper = dist / "layer-managed" / "perdure" / "wrapper"
    record, output = serve([wrapper, sys.executable, "ignored"], task_root, {}, PERDURE_CHAIN=str(vendor))
    answered(record, output)
    assert "vendor wraps" in output


def standalone(folder, *names):
    """An archive like a standalone build's, as far as the layer looks at it."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("pass\n")
    with tarfile.open(folder / "python.tar.gz", "w:gz") as tar:
        tar.add(folder / "python", "python")
    return folder / "python.tar.gz"


def test_standalone_build_is_unpacked_without_what_no_function_uses(tmp_path):
    lib = f"python/lib/python{PYTHON[2:]}"
    archive = standalone(
        tmp_path, f"python/bin/python{PYTHON[2:]}", f"{lib}/os.py", f"{lib}/test/test_os.py", "python/include/Python.h"
    )
    home = tmp_path / "home"
    unpack_standalone(archive, sha256(archive.read_bytes()).hexdigest(), home)
    files = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert files == {"bin/python3", f"lib/python{PYTHON[2:]}/os.py"}


def test_archive_that_is_not_the_one_meant_is_refused(tmp_path):
    archive = standalone(tmp_path, "python/bin/python3.0")
    with pytest.raises(SystemExit, match="has the SHA-256 "):
        unpack_standalone(archive, "0" * 64, tmp_path / "home")
    with pytest.raises(SystemExit, match="build with the version it is of"):
        unpack_standalone(archive, sha256(archive.read_bytes()).hexdigest(), tmp_path / "home")


@pytest.mark.parametrize("name", ["bootstrap", "wrapper", "starter"])
def test_scripts_are_plain_sh_with_line_ends_that_linux_takes(name):
    script = ROOT / "layer" / name
    assert script.read_bytes().startswith(b"#!/bin/sh\n")
    assert b"\r" not in script.read_bytes()
    assert os.access(script, os.X_OK)
    subprocess.run([shutil.which("sh") or "sh", "-n", script], check=True)
