"""What keeps a layer from leaving the build."""

from __future__ import annotations

import pytest
from layer.limits import MEGABYTE, UNPACKED, ZIPPED, hold_to_sizes, hold_to_system

from support.elf import AARCH64, shared_library

NEW = shared_library(("libc.so.6",), {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.36")})
OLD = shared_library(("libc.so.6",), {"libc.so.6": ("GLIBC_2.34",)})


def staged(tmp_path, content, name="perdure/lib/fast.so"):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return tmp_path


def test_binary_for_a_newer_c_library_than_lambdas_is_refused_by_name(tmp_path):
    with pytest.raises(SystemExit, match=r"perdure/lib/fast\.so needs glibc 2\.36; Lambda has 2\.34"):
        hold_to_system(staged(tmp_path, NEW), "x86_64")


def test_binary_that_asks_for_lambdas_own_c_library_passes(tmp_path):
    hold_to_system(staged(tmp_path, OLD), "x86_64")


def test_binary_for_another_architecture_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"fast\.so is made for arm64, and the layer for x86_64"):
        hold_to_system(staged(tmp_path, shared_library(machine=AARCH64)), "x86_64")


def test_library_that_nobody_has_is_refused_and_one_of_the_layers_or_the_systems_is_not(tmp_path):
    needy = shared_library(("libown.so.1", "libstdc++.so.6", "libc.so.6"))
    staged(tmp_path, needy)
    (tmp_path / "perdure" / "libown.so.1").write_bytes(shared_library())
    hold_to_system(tmp_path, "x86_64", system=("libstdc++.so.6",))
    with pytest.raises(SystemExit, match=r"fast\.so needs libstdc\+\+\.so\.6, which neither"):
        hold_to_system(tmp_path, "x86_64")


def test_only_what_is_excepted_is_not_looked_at(tmp_path):
    hold_to_system(staged(tmp_path, NEW, "perdure/python/bin/python3"), "x86_64", excepted=("perdure/python",))
    with pytest.raises(SystemExit, match="glibc"):
        hold_to_system(tmp_path, "x86_64", excepted=("perdure/py",))


@pytest.mark.parametrize(("kind", "limit"), ZIPPED.items())
def test_zip_that_has_grown_too_large_is_refused(tmp_path, kind, limit):
    packed = tmp_path / "layer.zip"
    stage = tmp_path / "stage"
    stage.mkdir()
    for size in (limit * MEGABYTE, limit * MEGABYTE + 1):
        with packed.open("wb") as file:
            file.truncate(size)
        if size == limit * MEGABYTE:
            hold_to_sizes(kind, stage, packed)
    with pytest.raises(SystemExit, match=rf"the zip of layer\.zip has {limit}\.0 MB"):
        hold_to_sizes(kind, stage, packed)


def test_content_that_leaves_functions_too_little_is_refused(tmp_path):
    packed = tmp_path / "layer.zip"
    packed.touch()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(UNPACKED * MEGABYTE + 1)
    with pytest.raises(SystemExit, match="the content of"):
        hold_to_sizes("os-only", tmp_path, packed)
