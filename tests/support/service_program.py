"""What `support.service_process` starts: a service with functions, as the JSON in its argument says.

Ends when its standard input does, so that none is left behind by whoever started it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from perdure_local import LocalService
from perdure_local.ledger import AWS_LIMITS


def main(text: str) -> None:
    settings = json.loads(text)
    journal = Path(settings["journal"])
    limits = replace(AWS_LIMITS, **settings["limits"])
    with LocalService(
        journal, skip_time=settings["skip_time"], port=settings["port"], limits=limits, environ=os.environ
    ) as service:
        for name, options in settings["functions"].items():
            service.add_function(name, **options)
        (journal.parent / f"up-{os.getpid()}").touch()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
