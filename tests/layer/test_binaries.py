"""What is read of binaries, held to made-up ones and to what binutils reads of real ones."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from layer.binaries import Binary, binaries_below, newest_glibc, read_binary

from support.elf import AARCH64, shared_library

VERSIONS = {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.17"), "libstdc++.so.6": ("GLIBCXX_3.4.21", "CXXABI_1.3")}


def test_libraries_and_symbol_versions_are_read_and_the_machine_is_known():
    read = read_binary(shared_library(("libstdc++.so.6", "libc.so.6"), VERSIONS))
    wanted = frozenset({"GLIBC_2.2.5", "GLIBC_2.17", "GLIBCXX_3.4.21", "CXXABI_1.3"})
    assert read == Binary("x86_64", ("libstdc++.so.6", "libc.so.6"), wanted)
    other = read_binary(shared_library(machine=AARCH64))
    assert other == Binary("arm64", (), frozenset())


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        ((), ()),
        (("GLIBC_2.2.5",), (2, 2, 5)),
        (("GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.4"), (2, 34)),
        (("GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR", "GLIBC_2.3"), (2, 3)),
        (("GLIBCXX_3.4.30",), ()),
    ],
)
def test_newest_version_of_the_c_library_counts(versions, newest):
    assert newest_glibc(Binary("x86_64", (), frozenset(versions))) == newest


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\1\1 of 32 bit"])
def test_anything_else_is_no_binary(content):
    assert read_binary(content) is None


def test_binaries_are_found_by_their_content_wherever_they_are(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "program").write_bytes(shared_library(("libc.so.6",)))
    (tmp_path / "liar.so").write_text("text")
    (tmp_path / "empty").touch()
    assert [(path.name, binary.needed) for path, binary in binaries_below(tmp_path)] == [("program", ("libc.so.6",))]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("readelf"), reason="needs binutils on Linux")
def test_real_binaries_are_read_as_binutils_reads_them():
    found = [*binaries_below(Path(sysconfig.get_paths()["platlib"], "greenlet")), real(sys.executable)]
    for path, binary in found:
        options = ("--wide", "--dynamic", "--version-info")
        told = subprocess.run(["readelf", *options, path], check=True, capture_output=True, text=True).stdout  # noqa: S607
        assert binary.needed == tuple(re.findall(r"\(NEEDED\).*\[(.*)\]", told)), path
        needs = told.partition(".gnu.version_r")[2]
        assert binary.versions == set(re.findall(r"Name: (\S+)  Flags", needs)), path


def real(program):
    path = Path(program).resolve()
    return path, read_binary(path.read_bytes())
