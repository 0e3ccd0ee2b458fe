"""What a layer is made of, for those who have to answer for it: a bill of materials in CycloneDX's form, and licences.

It is read off what has been staged, so nothing can be in the one and not in the other.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from layer.packages import version

__all__ = ["Component", "bill_of_materials", "native_components", "python_components"]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/perdure")
SPDX = {
    "Apache License 2.0": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "MIT": "MIT",
    "MIT OR AFL-2.1": "MIT OR AFL-2.1",
}
"""What older metadata calls a licence, and SPDX does."""
KNOWN = {
    "awslambdaric": "Apache-2.0",
    "jmespath": "MIT",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
}
"""Licences of distributions whose metadata names none that a program can read; their texts were."""
GCC_RUNTIME = "GPL-3.0-or-later WITH GCC-exception-3.1"


@dataclass(frozen=True, slots=True)
class Component:
    """One part that has an author and a licence of its own."""

    name: str
    version: str | None
    licence: str | None
    """An SPDX expression; None for a part of which only a test-only layer knows nothing more."""
    purl: str | None = None
    sha256: str | None = None

    def entry(self) -> dict[str, Any]:
        """What CycloneDX has of it."""
        known = {"type": "library", "name": self.name, "bom-ref": self.purl or self.name}
        facts = {
            "version": self.version,
            "licenses": [{"expression": self.licence}] if self.licence else None,
            "purl": self.purl,
            "hashes": [{"alg": "SHA-256", "content": self.sha256}] if self.sha256 else None,
        }
        return known | {name: fact for name, fact in facts.items() if fact is not None}


def python_components(private: Path) -> list[Component]:
    """The distributions in a private folder."""
    found = [
        Component(
            name := normal(distribution.name),
            distribution.version,
            licence_of(distribution),
            f"pkg:pypi/{name}@{distribution.version}",
        )
        for distribution in metadata.distributions(path=[str(private)])
    ]
    return sorted(found, key=lambda component: component.name)


def native_components(folder: Path, licence: str | None = GCC_RUNTIME) -> list[Component]:
    """The shared libraries in a folder: nothing in them tells their release, so their hashes do."""
    found = sorted(path for path in folder.glob("*.so*"))
    return [Component(path.name, None, licence, sha256=sha256(path.read_bytes()).hexdigest()) for path in found]


def licence_of(distribution: metadata.Distribution) -> str:
    """A distribution's licence, as SPDX writes it. Raises SystemExit where nobody has looked yet."""
    described: Any = distribution.metadata  # in 3.11 the stubs lack `get`
    name = normal(distribution.name)
    if expression := described.get("License-Expression"):
        return str(expression)
    if found := KNOWN.get(name) or SPDX.get(described.get("License") or ""):
        return found
    raise SystemExit(f"the metadata of {name} {distribution.version} names no licence: add it to layer/components.py")


def normal(name: str) -> str:
    """A distribution's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bill_of_materials(name: str, components: Iterable[Component]) -> str:
    """The document, the same for the same parts: its serial number is made from its content."""
    subject = Component(name, version(), "Apache-2.0", f"pkg:generic/{name}@{version()}")
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject.entry() | {"type": "application"}},
        "components": [component.entry() for component in components],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(document, sort_keys=True))
    return json.dumps(document | {"serialNumber": f"urn:uuid:{serial}"}, indent=1) + "\n"
