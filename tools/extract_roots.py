"""Write the roots that AWS's own endpoints chain to, taken from certifi's bundle, to the service client's `roots/`.

Each is a file, named as OpenSSL looks for it when a certificate was issued under that name: by a hash. Amazon Trust
Services names the roots: four of its own and the two of Starfield through which old stores know them. The Class 2 one
has left Mozilla's list, and certifi's with it; it is taken while it is there. Run it again when certifi changes:
`python tools/extract_roots.py`. It needs the command `openssl`.
"""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi

TARGET = Path(__file__).parent.parent / "runtime/src/perdure_runtime/service/roots"
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


def file_name(pem: str) -> str:
    """The name under which OpenSSL looks for a root in a folder."""
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    return f"{subprocess.run(command, input=pem, capture_output=True, text=True, check=True).stdout.strip()}.0"


def extracted(bundle: str) -> dict[str, str]:
    """The wanted certificates of a PEM bundle, by name. Raises SystemExit when one is missing."""
    end = "-----END CERTIFICATE-----"
    pems = [part[part.index("-----BEGIN") :] + end for part in bundle.split(end) if "-----BEGIN" in part]
    named = {subject(pem): pem for pem in pems}
    if missing := [name for name in REQUIRED if name not in named]:
        raise SystemExit(f"certifi {certifi.__version__} lacks {', '.join(missing)}")
    return {name: named[name] for name in (*REQUIRED, *WELCOME) if name in named}


def main() -> int:
    """Rewrite the files and say how many there are."""
    roots = extracted(Path(certifi.where()).read_text(encoding="ascii"))
    TARGET.mkdir(exist_ok=True)
    for old in TARGET.iterdir():
        old.unlink()
    for name, pem in roots.items():
        (TARGET / file_name(pem)).write_text(f"# {name}\n{pem}\n", encoding="ascii")
    print(f"{TARGET}: {len(roots)} roots of certifi {certifi.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
