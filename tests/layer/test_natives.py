"""Which native libraries a layer ships, and whose."""

from __future__ import annotations

import pytest
from layer.natives import natives_needed, ship_given

from support.elf import shared_library


def distribution(private, name, *needed, top_level=None):
    folder = private / name
    folder.mkdir(parents=True)
    (folder / "fast.so").write_bytes(shared_library((*needed, "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2")))
    info = private / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    if top_level:
        (info / "top_level.txt").write_text(top_level)


def test_needs_are_told_for_each_distribution_and_the_c_library_is_none(tmp_path):
    distribution(tmp_path, "green", "libstdc++.so.6", "libgcc_s.so.1")
    distribution(tmp_path, "plain")
    assert natives_needed(tmp_path) == {"green": "libgcc_s.so.1,libstdc++.so.6"}


def test_module_beside_a_package_counts_for_its_distribution(tmp_path):
    distribution(tmp_path, "client", top_level="client\nnative_part\n")
    (tmp_path / "native_part.cpython-313-x86_64-linux-gnu.so").write_bytes(shared_library(("libgcc_s.so.1",)))
    assert natives_needed(tmp_path) == {"client": "libgcc_s.so.1"}


def test_library_that_the_wheel_brings_itself_is_not_needed_from_elsewhere(tmp_path):
    distribution(tmp_path, "green", "libown-1a2b.so.1")
    (tmp_path / "green" / "libown-1a2b.so.1").write_bytes(shared_library())
    assert natives_needed(tmp_path) == {}


def test_library_that_wheels_may_not_count_on_is_refused(tmp_path):
    distribution(tmp_path, "green", "libX11.so.6")
    with pytest.raises(SystemExit, match=r"green needs libX11\.so\.6"):
        natives_needed(tmp_path)


def test_given_libraries_are_shipped_with_their_licences(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    for name in ("libgcc_s.so.1", "libother.so.1", "COPYING3", "COPYING.RUNTIME"):
        (given / name).write_text(name)
    ship_given({"libgcc_s.so.1"}, given, tmp_path / "native")
    assert {path.name for path in (tmp_path / "native").iterdir()} == {"libgcc_s.so.1", "COPYING3", "COPYING.RUNTIME"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"needs libgcc_s\.so\.1, libstdc\+\+\.so\.6: give a folder"),
        (("libgcc_s.so.1", "COPYING"), r"needs libstdc\+\+\.so\.6: give a folder"),
        (("libgcc_s.so.1", "libstdc++.so.6"), "has no licence of"),
    ],
)
def test_layer_is_not_built_without_them(tmp_path, given, message):
    folder = None if given is None else tmp_path / "given"
    if folder:
        folder.mkdir()
        for name in given:
            (folder / name).touch()
    with pytest.raises(SystemExit, match=message):
        ship_given({"libstdc++.so.6", "libgcc_s.so.1"}, folder, tmp_path / "native")


def test_layer_that_needs_none_ships_none(tmp_path):
    ship_given(set(), None, tmp_path / "native")
    assert not (tmp_path / "native").exists()
