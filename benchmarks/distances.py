"""A cold start against a service that is some way off, and spoken to by TLS.

Making a connection costs a round trip for TCP, one for TLS, and CPU time for reading certificates and for keys. Perdure
makes it during initialisation, beside the import of the user's code, and has it when the first step is done. How much
that saves shows when it is switched off, and when the handler's module takes a while to be imported, as real ones do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.certificates import written
from benchmarks.contenders import OFFICIAL
from benchmarks.figures import measured
from benchmarks.results import Cells
from benchmarks.rig import Contender, Rig
from benchmarks.workloads import WORKLOADS

__all__ = ["LATE", "SLOW", "cells"]

DISTANCES = (0, 5, 20)
"""Round trips in milliseconds."""
IMPORTING = "100"
"""Milliseconds that the handler's module takes to be imported, where it takes any."""
SLOW, LATE = ", slow import", ", slow import, connecting late"
WAYS: dict[str, dict[str, str]] = {
    "": {},
    SLOW: {"PERDURE_BENCH_IMPORT_MS": IMPORTING},
    LATE: {"PERDURE_BENCH_IMPORT_MS": IMPORTING, "PERDURE_CONNECT_AHEAD": "0"},
}


@contextlib.contextmanager
def cells(contenders: Mapping[str, Contender]) -> Iterator[Cells]:
    """The first step of a cold process, by distance and contender."""
    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as folder, rigs(Path(folder)) as by_distance:
        authority = str(Path(folder) / "authority.pem")
        chosen = {
            name + way: dataclasses.replace(
                contender, environ=contender.environ | environ | {"AWS_CA_BUNDLE": authority}
            )
            for name, contender in contenders.items()
            for way, environ in WAYS.items()
            if name.startswith("perdure") or (name == OFFICIAL and not way)
        }
        yield {
            distance: {
                name: partial(measured, rig, contender, WORKLOADS["cold_step"]) for name, contender in chosen.items()
            }
            for distance, rig in by_distance.items()
        }


@contextlib.contextmanager
def rigs(folder: Path) -> Iterator[dict[str, Rig]]:
    """A rig for each distance."""
    certificate, key = written(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    found = {str(distance): Rig(distance=distance / 1000, tls=tls) for distance in DISTANCES}
    try:
        yield found
    finally:
        for rig in found.values():
            rig.close()
