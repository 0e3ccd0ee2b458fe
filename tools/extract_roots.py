"""Write the roots that AWS's own endpoints chain to, taken from certifi's bundle, to the service client's `roots.pem`.

Amazon Trust Services names them: four roots of its own and the two of Starfield through which old stores know them.
The Class 2 one has left Mozilla's list, and certifi's with it; it is taken while it is there. Run it again when certifi
changes: `python tools/extract_roots.py`.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any

import certifi

TARGET = Path(__file__).parent.parent / "runtime/src/perdure_runtime/service/roots.pem"
REQUIRED = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
WELCOME = ("Starfield Class 2 Certification Authority",)


def subject(pem: str) -> str:
    """The name by which a root is known: its common name, or the unit of those that have none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    parts: Any = context.get_ca_certs()[0]["subject"]  # typed as a union of all that a certificate can hold
    fields = {name: value for part in parts for name, value in part}
    return str(fields.get("commonName") or fields.get("organizationalUnitName", ""))


def extracted(bundle: str) -> str:
    """The wanted certificates of a PEM bundle, each under its name. Raises SystemExit when one is missing."""
    end = "-----END CERTIFICATE-----"
    pems = [part[part.index("-----BEGIN") :] + end for part in bundle.split(end) if "-----BEGIN" in part]
    named = {subject(pem): pem for pem in pems}
    if missing := [name for name in REQUIRED if name not in named]:
        raise SystemExit(f"certifi {certifi.__version__} lacks {', '.join(missing)}")
    return "".join(f"# {name}\n{named[name]}\n" for name in (*REQUIRED, *WELCOME) if name in named)


def main() -> int:
    """Rewrite the file and say what it holds."""
    roots = extracted(Path(certifi.where()).read_text(encoding="ascii"))
    TARGET.write_text(roots, encoding="ascii")
    print(f"{TARGET}: {roots.count('# ')} roots of certifi {certifi.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
