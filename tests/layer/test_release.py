"""The workflow that makes releases: nothing leaves it untested, unattested, or by a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

TEXT = (Path(__file__).parents[2] / ".github/workflows/release.yml").read_text("utf-8")
JOBS = yaml.safe_load(TEXT)["jobs"]
PUBLISHING = {"wheels": "pypa/gh-action-pypi-publish@release/v1", "layers": None}


def steps(job):
    return JOBS[job]["steps"]


@pytest.mark.parametrize("job", PUBLISHING)
def test_what_is_published_was_built_and_tested_by_the_job_before(job):
    assert JOBS[job]["needs"] == "build"
    assert not any("checkout" in step.get("uses", "") for step in steps(job))
    ran = [step.get("run", "") for step in steps("build")]
    built = next(index for index, text in enumerate(ran) if text.startswith("make layer"))
    tested = [index for index, text in enumerate(ran) if "pytest" in text]
    assert len(tested) == 2
    assert built < min(tested)
    assert "dist/wheels/*.whl" in ran[tested[0]]
    assert steps("build")[tested[1]]["env"]["PERDURE_TEST_DIST"] == "dist"


@pytest.mark.parametrize("job", PUBLISHING)
def test_provenance_is_attested_before_anything_is_published(job):
    used = [step.get("uses", "") for step in steps(job)]
    attested = next(index for index, name in enumerate(used) if name.startswith("actions/attest-build-provenance@"))
    assert attested == 1
    assert JOBS[job]["permissions"]["attestations"] == "write"
    assert JOBS[job]["environment"] == "release"
    published = PUBLISHING[job]
    assert published is None or used.index(published) > attested


def test_index_is_told_who_publishes_by_trust_and_not_by_a_secret():
    assert JOBS["wheels"]["permissions"]["id-token"] == "write"
    assert "secrets." not in TEXT
    assert "password" not in TEXT
    assert "permissions" not in JOBS["build"]


def test_each_layer_is_built_where_it_can_be_tested():
    rows = JOBS["build"]["strategy"]["matrix"]["include"]
    assert {(row["python"], row["id"].split("_", 1)[1]) for row in rows} == {
        (python, architecture) for python in ("3.13", "3.14") for architecture in ("X86_64", "ARM64")
    }
    assert all(("arm" in row["machine"]) == row["id"].endswith("ARM64") for row in rows)
