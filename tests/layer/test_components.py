"""What a bill of materials says."""

from __future__ import annotations

import json

import pytest
from layer.components import Component, bill_of_materials, native_components, python_components


def described(private, name, *fields):
    folder = private / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *fields, ""]))


@pytest.mark.parametrize(
    ("name", "field", "licence"),
    [
        ("new", "License-Expression: MIT AND PSF-2.0", "MIT AND PSF-2.0"),
        ("old", "License: Apache License 2.0", "Apache-2.0"),
        ("python_dateutil", "License: Dual License", "Apache-2.0 OR BSD-3-Clause"),
    ],
)
def test_licence_is_an_spdx_expression_whatever_the_metadata_calls_it(tmp_path, name, field, licence):
    described(tmp_path, name, field)
    (component,) = python_components(tmp_path)
    assert component.licence == licence
    assert component.purl == f"pkg:pypi/{name.replace('_', '-')}@1.0"


def test_distribution_whose_licence_nobody_has_read_is_refused(tmp_path):
    described(tmp_path, "unknown", "License: see below")
    with pytest.raises(SystemExit, match=r"unknown 1\.0 names no licence: add it to layer/components\.py"):
        python_components(tmp_path)


def test_native_library_is_known_by_its_hash(tmp_path):
    (tmp_path / "libgcc_s.so.1").write_bytes(b"")
    (tmp_path / "COPYING").touch()
    (component,) = native_components(tmp_path)
    assert component.licence == "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert component.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_serial_number_is_the_contents(tmp_path):
    one, other = Component("a", "1", "MIT"), Component("a", "2", "MIT")
    serials = [json.loads(bill_of_materials("layer", [part]))["serialNumber"] for part in (one, one, other)]
    assert serials[0] == serials[1] != serials[2]
    assert serials[0].startswith("urn:uuid:")
