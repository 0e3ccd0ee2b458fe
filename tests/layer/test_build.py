"""What `make layer` builds: its layout, its modes, its size, its being the same every time, and that it serves."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from hashlib import sha256
from marshal import loads
from pathlib import Path
from zipfile import ZipFile

import pytest
from layer.build import ARCHITECTURE, PYTHON
from layer.limits import MEGABYTE, UNPACKED
from layer.packages import BOTO3, ENGINE
from layer.zips import write_zip

from support.built_layers import MANAGED, OS_ONLY, ROOT, WITH_BOTO3, build, built, copy_sources, sources

ALL = (MANAGED, OS_ONLY, WITH_BOTO3)
HOMES = {MANAGED: "perdure", OS_ONLY: "perdure", WITH_BOTO3: "perdure/boto3"}
"""Where a layer keeps what describes it."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")
pytestmark = [pytest.mark.slow, linux]


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    return built(tmp_path_factory)


def entries(dist, name):
    with ZipFile(dist / name) as archive:
        return {entry.filename: entry for entry in archive.infolist()}


def text(dist, name, path):
    with ZipFile(dist / name) as archive:
        return archive.read(path).decode()


PAPERS = {"LICENSE", "SHA256SUMS", "layer.json", "sbom.cdx.json"}


def test_layer_for_managed_runtimes_has_the_wrapper_and_no_interpreter(dist):
    names = entries(dist, MANAGED).keys()
    assert {name.split("/")[0] for name in names} == {"perdure"}
    assert {name.split("/")[1] for name in names} == {*PAPERS, "boot", PYTHON, "wrapper"}


def test_layer_for_os_only_runtimes_has_an_interpreter_and_says_where_it_is_from(dist):
    names = entries(dist, OS_ONLY).keys()
    assert {name.split("/")[0] for name in names} == {"bootstrap", "perdure"}
    inner = {name.split("/")[1] for name in names if "/" in name}
    assert inner == {*PAPERS, "TEST-ONLY", "boot", "lib", "native", "python"}


def test_layer_for_boto3_adds_one_folder_and_replaces_nothing(dist):
    names = entries(dist, WITH_BOTO3).keys()
    assert {tuple(name.split("/")[:2]) for name in names} == {("perdure", "boto3")}
    assert {name.split("/")[2] for name in names} == {*PAPERS, "lib", "shared.txt"}


@pytest.mark.parametrize("name", ALL)
def test_everyone_may_read_all_files_and_run_the_programs(dist, name):
    programs = {"bootstrap", "perdure/wrapper", "perdure/python/bin/python3", f"perdure/python/bin/python{PYTHON[2:]}"}
    for entry in entries(dist, name).values():
        mode = entry.external_attr >> 16
        assert stat.S_ISREG(mode)
        assert stat.S_IMODE(mode) == (0o755 if entry.filename in programs else 0o644), entry.filename


@pytest.mark.parametrize("name", ALL)
def test_every_module_has_byte_code_that_is_never_compared_with_its_source(dist, name):
    found = entries(dist, name)
    tag = sys.implementation.cache_tag
    for module in (name for name in found if name.endswith(".py")):
        folder, _, stem = module.removesuffix(".py").rpartition("/")
        assert f"{folder}/__pycache__/{stem}.{tag}.pyc" in found
    with ZipFile(dist / name) as archive:
        for compiled in (name for name in found if name.endswith(".pyc")):
            assert archive.read(compiled)[4:8] == b"\1\0\0\0", compiled  # hash-based, unchecked (PEP 552)


PACKS = ("start", "ahead", "engine", "plain", "async")


@pytest.mark.parametrize(("name", "folder"), [(MANAGED, f"perdure/{PYTHON}"), (OS_ONLY, "perdure/lib")])
def test_what_every_start_needs_is_packed_at_home_in_opt_and_never_compared_with_its_source(dist, name, folder):
    with ZipFile(dist / name) as archive:
        packs = {entry: archive.read(entry) for entry in archive.namelist() if entry.endswith(".pack")}
    cache = f"{folder}/perdure_bootstrap/__pycache__"
    assert set(packs) == {f"{cache}/{pack}.{sys.implementation.cache_tag}.pack" for pack in PACKS}
    for pack in packs.values():
        for module, _, head, code in loads(pack[4:]):  # noqa: S302  our own
            assert head[4:8] == b"\1\0\0\0"
            assert code.co_filename.removesuffix("/__init__.py").removesuffix(".py") == (
                f"/opt/{folder}/{module.replace('.', '/')}"
            )


@pytest.mark.parametrize(
    ("name", "folder", "libraries", "ours"),
    [
        (MANAGED, f"perdure/{PYTHON}/", ENGINE, {"perdure", "perdure_runtime", "perdure_bootstrap"}),
        (OS_ONLY, "perdure/lib/", ENGINE, {"perdure", "perdure_runtime", "perdure_bootstrap"}),
        (WITH_BOTO3, "perdure/boto3/lib/", BOTO3, set()),
    ],
)
def test_private_folder_holds_what_it_is_for_and_nothing_else(dist, name, folder, libraries, ours):
    tops = {path.removeprefix(folder).split("/")[0] for path in entries(dist, name) if path.startswith(folder)}
    modules = {top.split(".")[0] for top in tops if not top.endswith(".dist-info")} - {"__pycache__"}
    assert modules == ours | {module for library in libraries for module in library.modules}


@pytest.mark.parametrize("name", ALL)
def test_hashes_of_all_files_stand_in_the_layer(dist, name):
    home = HOMES[name]
    rows = [line.split("  ") for line in text(dist, name, f"{home}/SHA256SUMS").splitlines()]
    assert {path for _, path in rows} == entries(dist, name).keys() - {f"{home}/SHA256SUMS"}
    with ZipFile(dist / name) as archive:
        assert [digest for digest, path in rows if sha256(archive.read(path)).hexdigest() != digest] == []


@pytest.mark.parametrize("name", ALL)
def test_bill_of_materials_names_every_distribution_with_its_licence(dist, name):
    bill = json.loads(text(dist, name, f"{HOMES[name]}/sbom.cdx.json"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert (dist / name).with_suffix(".cdx.json").read_text("utf-8") == text(dist, name, f"{HOMES[name]}/sbom.cdx.json")
    listed = {part["purl"]: part for part in bill["components"] if part.get("purl", "").startswith("pkg:pypi/")}
    folders = {path.split("/")[-2] for path in entries(dist, name) if path.endswith(".dist-info/METADATA")}
    assert {
        purl.removeprefix("pkg:pypi/").replace("-", "_").replace("@", "-") + ".dist-info" for purl in listed
    } == folders
    assert all(part["licenses"][0]["expression"] for part in listed.values())
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(references) == len(set(references))


def is_licence(path):
    return any(word in Path(path).name.upper() for word in ("LICEN", "COPYING"))


@pytest.mark.parametrize("name", ALL)
def test_licence_of_every_distribution_is_in_the_layer(dist, name):
    paths = entries(dist, name)
    licensed = {path.split(".dist-info/")[0] for path in paths if ".dist-info/" in path and is_licence(path)}
    distributions = {path.split(".dist-info/")[0] for path in paths if ".dist-info/METADATA" in path}
    ours = {path for path in distributions if Path(path).name.startswith("perdure")}  # the layer's own licence
    assert distributions - licensed - ours == set()
    assert f"{HOMES[name]}/LICENSE" in paths


def test_licences_of_the_interpreter_and_of_native_libraries_are_in_the_layer(dist):
    paths = entries(dist, OS_ONLY)
    assert f"perdure/python/lib/python{PYTHON[2:]}/LICENSE.txt" in paths
    assert "perdure/native/COPYING" in paths


def test_layer_says_what_it_is_and_why_it_is_not_to_be_published(dist):
    described = json.loads(text(dist, OS_ONLY, "perdure/layer.json"))
    assert (described["name"], described["python"]) == ("perdure", PYTHON[2:])
    assert described["compatible_runtimes"] == ["provided.al2023"]
    assert described["compatible_architectures"] == [ARCHITECTURE]
    assert "not to be published" in described["refused"]
    boto3 = json.loads(text(dist, WITH_BOTO3, "perdure/boto3/layer.json"))
    assert (boto3["refused"], boto3["compatible_architectures"]) == (None, ["x86_64", "arm64"])
    managed = json.loads(text(dist, MANAGED, "perdure/layer.json"))
    assert (managed["refused"] is None) == bool(managed["compatible_runtimes"]) == (sys.version_info[:2] >= (3, 13))


def test_only_what_may_be_published_gets_the_name_that_the_templates_use(dist):
    plain = {path.name for path in dist.glob("*.zip")} - set(ALL)
    assert plain == {"perdure-boto3.zip", *(["perdure-managed.zip"] if sys.version_info >= (3, 13) else [])}


@pytest.mark.parametrize(("name", "limit"), [(MANAGED, 6), (OS_ONLY, 25), (WITH_BOTO3, 25)])
def test_layers_leave_most_of_lambdas_limits_to_the_function(dist, name, limit):
    if name == OS_ONLY and shutil.which("strip") is None:
        pytest.skip("this interpreter's symbols cannot be stripped here")
    assert (dist / name).stat().st_size <= limit * MEGABYTE
    assert sum(entry.file_size for entry in entries(dist, name).values()) <= UNPACKED * MEGABYTE


def test_same_sources_give_the_same_bytes(dist, tmp_path, tmp_path_factory):
    copy_sources(sources(tmp_path_factory), tmp_path / "elsewhere")
    umask = os.umask(0o077)
    try:
        environ = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
        options = ("--test-only-python", "--boto3")
        again = build(tmp_path / "again", *options, sources=tmp_path / "elsewhere", **environ)
    finally:
        os.umask(umask)
    for name in ALL:
        assert sha256((again / name).read_bytes()).digest() == sha256((dist / name).read_bytes()).digest(), name


def test_moment_of_all_files_can_be_given(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "file").write_text("")
    write_zip(tmp_path / "stage", tmp_path / "a.zip", moment=1_700_000_000)
    assert entries(tmp_path, "a.zip")["file"].date_time == (2023, 11, 14, 22, 13, 20)


@pytest.mark.parametrize("name", ["bootstrap", "wrapper", "starter"])
def test_scripts_are_plain_sh_with_line_ends_that_linux_takes(name):
    script = ROOT / "layer" / name
    assert script.read_bytes().startswith(b"#!/bin/sh\n")
    assert b"\r" not in script.read_bytes()
    assert os.access(script, os.X_OK)
    subprocess.run([shutil.which("sh") or "sh", "-n", script], check=True)
