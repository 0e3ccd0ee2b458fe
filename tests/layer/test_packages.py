"""Where a layer's libraries come from, and what is not taken."""

from __future__ import annotations

import sys

import pytest
from layer.fetch import requirements
from layer.packages import (
    BOTO3,
    ENGINE,
    Library,
    Pin,
    copy_installed,
    copy_libraries,
    find_wheel,
    pins,
    shared_table,
    unpack_pinned,
)

from support.wheels import wheel

PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
ARM = f"{PYTHON}-{PYTHON}-manylinux2014_aarch64.manylinux_2_17_aarch64"
INTEL = f"{PYTHON}-{PYTHON}-manylinux2014_x86_64.manylinux_2_17_x86_64"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_library_of_a_layer_is_pinned_with_hashes():
    for library in (*ENGINE, *BOTO3):
        assert pins()[library.distribution].sha256, library


def test_wheel_is_taken_for_this_python_and_the_architecture_meant(tmp_path):
    for tag in (ARM, INTEL, f"cp39-cp39-{ARM.split('-')[2]}"):
        pin = wheel(tmp_path, "fast-lib", "1.0", tag)
    assert find_wheel(tmp_path, "fast-lib", pin, "arm64").name == f"fast_lib-1.0-{ARM}.whl"
    assert find_wheel(tmp_path, "fast-lib", pin, "x86_64").name == f"fast_lib-1.0-{INTEL}.whl"


def test_wheel_without_binaries_is_for_every_architecture(tmp_path):
    pin = wheel(tmp_path, "pure", "1.0")
    assert find_wheel(tmp_path, "pure", pin, "arm64").name == "pure-1.0-py3-none-any.whl"


def test_missing_wheel_is_told_with_the_command_that_fetches_it(tmp_path):
    pin = wheel(tmp_path, "fast-lib", "2.0", INTEL)
    with pytest.raises(SystemExit, match="has none: make layer-wheels ARCHITECTURE=arm64"):
        find_wheel(tmp_path, "fast-lib", pin, "arm64")


def test_wheel_is_unpacked_without_what_nothing_reads_at_run_time(tmp_path):
    names = ("pure/__init__.py", "pure/fast.c", "pure/hints.pyi", "pure/tests/test_pure.py")
    pin = wheel(tmp_path, "pure", "1.0", files=dict.fromkeys(names, b""))
    private = tmp_path / "private"
    unpack_pinned(tmp_path / "pure-1.0-py3-none-any.whl", pin, private)
    assert files(private) == {"pure-1.0.dist-info/METADATA", "pure/__init__.py"}


def test_wheel_that_is_not_pinned_is_refused(tmp_path):
    wheel(tmp_path, "pure", "1.0")
    with pytest.raises(SystemExit, match="which requirements/ does not pin"):
        unpack_pinned(tmp_path / "pure-1.0-py3-none-any.whl", Pin("1.0", frozenset({"0" * 64})), tmp_path / "private")


def installed(folder, monkeypatch, content=b"fast = True\n"):
    """A library as pip installs it."""
    (folder / "pure_lib-1.0.dist-info").mkdir()
    (folder / "pure_lib.py").write_bytes(content)
    (folder / "pure_lib-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: pure-lib\nVersion: 1.0\n")
    (folder / "pure_lib-1.0.dist-info" / "RECORD").write_text(
        "pure_lib.py,sha256=wji2aywjebRvpQyYzYw7KcsVYuQQheLsHxGT0qvO8hI,12\n"
        "pure_lib-1.0.dist-info/METADATA,,\npure_lib-1.0.dist-info/RECORD,,\n../../../bin/pure,,\n"
    )
    monkeypatch.syspath_prepend(folder)


def test_all_that_a_layer_holds_is_fetched_by_its_pins():
    rows = {row.split("==")[0]: row for row in requirements().splitlines()}
    assert rows.keys() == {library.distribution for library in (*ENGINE, *BOTO3)}
    assert all(row.count("--hash=sha256:") == len(pins()[name].sha256) for name, row in rows.items())


def test_library_of_the_environment_is_copied_as_it_was_installed(tmp_path, monkeypatch):
    installed(tmp_path, monkeypatch)
    copy_installed("pure-lib", Pin("1.0", frozenset()), tmp_path / "private")
    assert files(tmp_path / "private") == {"pure_lib.py", "pure_lib-1.0.dist-info/METADATA"}


def test_library_that_somebody_has_changed_since_is_refused(tmp_path, monkeypatch):
    installed(tmp_path, monkeypatch, b"fast = None\n")
    with pytest.raises(SystemExit, match="is not as pure-lib installed it"):
        copy_installed("pure-lib", Pin("1.0", frozenset()), tmp_path / "private")


def test_library_of_another_version_than_the_pinned_is_refused(tmp_path, monkeypatch):
    installed(tmp_path, monkeypatch)
    with pytest.raises(SystemExit, match=r"has pure-lib 1\.0, which is not the one pinned"):
        copy_installed("pure-lib", Pin("1.1", frozenset()), tmp_path / "private")


def test_library_that_needs_one_no_layer_has_is_refused(tmp_path, monkeypatch):
    pinned = {"pure": wheel(tmp_path / "wheels", "pure", "1.0", files=NEEDY)}
    monkeypatch.setattr("layer.packages.pins", lambda: pinned)
    with pytest.raises(SystemExit, match=r"needy 2\.0 needs other"):
        copy_libraries((Library("pure", ("pure",)),), tmp_path / "private", "arm64", tmp_path / "wheels")


NEEDY = {
    "needy-2.0.dist-info/METADATA": b"Name: needy\nVersion: 2.0\nRequires-Dist: other>=1\n"
    b"Requires-Dist: pure\nRequires-Dist: nice; extra == 'more'\n"
}


def test_floor_of_a_shared_library_is_what_our_packages_ask_for_or_else_what_is_shipped():
    rows = {row.split()[0]: row.split()[1:3] for row in shared_table(ENGINE, natives={}).splitlines()}
    assert rows["structlog"] == ["24.4", pins()["structlog"].version]
    assert rows["snapshot_restore_py"] == [pins()["snapshot-restore-py"].version] * 2
