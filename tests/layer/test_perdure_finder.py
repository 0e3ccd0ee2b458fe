"""The finder's rules, over made-up folders: `private` is the layer's, `bundle` the function's."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from layer.packages import ENGINE, pins, shared_table

SOURCE = Path(__file__).parents[2] / "layer" / "boot" / "perdure_finder.py"
spec = importlib.util.spec_from_file_location("perdure_finder", SOURCE)
assert spec is not None
assert spec.loader is not None
perdure_finder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(perdure_finder)


def install(folder, name, version=None, *, single_file=False):
    folder.mkdir(exist_ok=True)
    if single_file:
        (folder / f"{name}.py").write_text("")
    else:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
    if version:
        (folder / f"{name}-{version}.dist-info").mkdir()


class Layer:
    def __init__(self, tmp_path, shipped="26.1.0"):
        self.private = tmp_path / "private"
        self.bundle = tmp_path / "bundle"
        self.private.mkdir()
        self.bundle.mkdir()
        self.warnings: list[str] = []
        rows = (
            f"engine_library 24.4 {shipped or '-'} engine_library - -",
            f"follower 1.0 {shipped or '-'} follower engine_library -",
            "other_name 2.1 2.9.0.post0 filed_as - -",
        )
        table = {row.split()[0]: perdure_finder.shared(row.split(), str(self.private)) for row in rows}
        self.finder = perdure_finder.PrivateFinder(
            str(self.private), table, lambda: (str(self.bundle),), self.warnings.append
        )

    def origin(self, name):
        found = self.finder.find_spec(name)
        return None if found is None else Path(found.origin).relative_to(self.private.parent).parts[0]


@pytest.fixture
def layer(tmp_path):
    return Layer(tmp_path)


def test_own_packages_come_from_the_private_folder_whatever_the_bundle_holds(layer):
    for name in ("perdure", "perdure_runtime", "perdure_bootstrap"):
        install(layer.private, name)
        install(layer.bundle, name, "99.0")
        assert layer.origin(name) == "private"
    assert layer.warnings == []


@pytest.mark.parametrize("version", ["24.4", "24.4.1", "26.1.0", "27.0.dev1", "100.0"])
def test_recent_enough_copy_of_the_bundle_is_preferred(layer, version):
    install(layer.private, "engine_library", "26.1.0")
    install(layer.bundle, "engine_library", version)
    assert layer.origin("engine_library") == "bundle"
    assert layer.warnings == []


@pytest.mark.parametrize("version", ["24.3.9", "9.0", "24.4rc1"])
def test_too_old_copy_of_the_bundle_gives_way_with_one_warning_naming_both(layer, version):
    install(layer.private, "engine_library", "26.1.0")
    install(layer.bundle, "engine_library", version)
    assert layer.origin("engine_library") == "private"
    assert layer.origin("engine_library") == "private"
    (warning,) = layer.warnings
    assert f"engine_library {version}" in warning
    assert "26.1.0" in warning
    assert "24.4" in warning


def test_copy_without_metadata_counts_as_too_old(layer):
    install(layer.private, "engine_library", "26.1.0")
    install(layer.bundle, "engine_library")
    assert layer.origin("engine_library") == "private"
    assert "of unknown version" in layer.warnings[0]


def test_single_file_library_is_told_by_its_metadata_too(layer):
    install(layer.private, "engine_library", "26.1.0")
    install(layer.bundle, "engine_library", "25.0", single_file=True)
    assert layer.origin("engine_library") == "bundle"


def test_folder_without_code_is_no_copy(layer):
    install(layer.private, "engine_library", "26.1.0")
    (layer.bundle / "engine_library").mkdir()
    assert layer.origin("engine_library") == "private"


def test_private_copy_is_used_where_the_bundle_has_none(layer):
    install(layer.private, "engine_library", "26.1.0")
    assert layer.origin("engine_library") == "private"
    assert layer.warnings == []


def test_library_that_the_layer_does_without_is_the_bundles_whatever_its_version(tmp_path):
    layer = Layer(tmp_path, shipped=None)
    assert layer.origin("engine_library") is None
    install(layer.bundle, "engine_library", "1.0")
    layer.finder.find_spec("engine_library")
    assert "as the layer has none" in layer.warnings[0]


def test_nothing_else_of_the_private_folder_can_be_imported(layer):
    install(layer.private, "hidden")
    assert layer.finder.find_spec("hidden") is None


def test_submodules_are_left_to_the_ordinary_search(layer):
    install(layer.private, "perdure")
    assert layer.finder.find_spec("perdure.steps", [str(layer.private / "perdure")]) is None


def test_follower_comes_from_where_its_leader_does(layer):
    for name in ("engine_library", "follower"):
        install(layer.private, name, "26.1.0")
    install(layer.bundle, "engine_library", "23.0")
    install(layer.bundle, "follower", "99.0")
    assert (layer.origin("engine_library"), layer.origin("follower")) == ("private", "private")
    assert len(layer.warnings) == 1


def test_follower_of_a_leader_that_is_recent_enough_is_the_bundles_whatever_its_version(layer):
    for name in ("engine_library", "follower"):
        install(layer.private, name, "26.1.0")
    install(layer.bundle, "engine_library", "24.4")
    install(layer.bundle, "follower", "0.1")
    assert (layer.origin("engine_library"), layer.origin("follower")) == ("bundle", "bundle")
    assert layer.warnings == []


def test_follower_in_a_bundle_without_its_leader_is_left_to_the_bundle(layer):
    for name in ("engine_library", "follower"):
        install(layer.private, name, "26.1.0")
    install(layer.bundle, "follower", "0.1")
    assert (layer.origin("engine_library"), layer.origin("follower")) == ("private", "bundle")


def test_version_is_looked_up_under_the_distributions_name(layer):
    install(layer.private, "other_name", "2.9.0.post0")
    install(layer.bundle, "other_name")
    (layer.bundle / "filed_as-2.8.dist-info").mkdir()
    assert layer.origin("other_name") == "bundle"
    assert layer.warnings == []


def test_table_of_shared_libraries_is_read_as_the_build_writes_it(tmp_path):
    table = tmp_path / "shared.txt"
    table.write_text(shared_table(ENGINE, absent=("boto3",), natives={"greenlet": "libgcc_s.so.1,libstdc++.so.6"}))
    read = perdure_finder.read_shared(str(table), "/private")
    boto3, greenlet, native = (read[name] for name in ("boto3", "greenlet", "runtime_client"))
    assert (boto3.shipped, boto3.leader, boto3.natives) == (None, None, ())
    assert (greenlet.shipped, greenlet.natives) == (
        pins()["greenlet"].version,
        ("libgcc_s.so.1", "libstdc++.so.6"),
    )
    assert (native.leader, native.distribution, native.folder) == ("awslambdaric", "awslambdaric", "/private")


def test_table_of_a_layer_that_is_not_there_is_empty(tmp_path):
    assert perdure_finder.read_shared(str(tmp_path / "boto3" / "shared.txt"), "/private") == {}


@pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")
def test_native_library_is_the_systems_where_it_has_one_and_else_the_layers(tmp_path):
    perdure_finder.load_native("libc.so.6", str(tmp_path))
    (tmp_path / "libabsent.so.1").write_bytes(b"no library")
    perdure_finder.load_native("libnowhere.so.1", str(tmp_path))  # the import that needs it will say so
    with pytest.raises(OSError, match="libabsent"):
        perdure_finder.load_native("libabsent.so.1", str(tmp_path))


def test_private_folder_is_lib_or_the_one_for_this_python(tmp_path):
    (tmp_path / "py3.13").mkdir()
    assert perdure_finder.private_folder(str(tmp_path), (3, 13)) == str(tmp_path / "py3.13")
    (tmp_path / "lib").mkdir()
    assert perdure_finder.private_folder(str(tmp_path), (3, 13)) == str(tmp_path / "lib")


def test_layer_for_another_python_says_what_it_has_and_what_is_needed(tmp_path):
    (tmp_path / "py3.13").mkdir()
    with pytest.raises(SystemExit, match=r"it has py3\.13, and needs py3\.14"):
        perdure_finder.private_folder(str(tmp_path), (3, 14))


def test_warning_is_one_line_of_json_where_lambda_reads_lines_as_json(capsys, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_LOG_FORMAT", "JSON")
    perdure_finder.warn("old")
    record = json.loads(capsys.readouterr().out)
    assert (record["level"], record["message"]) == ("WARNING", "old")
    monkeypatch.setenv("AWS_LAMBDA_LOG_FORMAT", "Text")
    perdure_finder.warn("old")
    assert capsys.readouterr().out == "[WARNING] old\n"


def test_one_copy_of_a_shared_library_is_imported_once(layer, monkeypatch):
    install(layer.private, "engine_library", "26.1.0")
    install(layer.bundle, "engine_library", "25.0")
    monkeypatch.setattr(sys, "meta_path", [layer.finder, *sys.meta_path])
    monkeypatch.setattr(sys, "path", [str(layer.private), *sys.path])
    try:
        imported = importlib.import_module("engine_library")
        assert Path(imported.__file__).is_relative_to(layer.bundle)
        assert importlib.import_module("engine_library") is imported
    finally:
        sys.modules.pop("engine_library", None)
