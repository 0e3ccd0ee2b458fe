"""The way in of every layer, `python3 -s -S /opt/perdure/boot/__main__.py`: put the finder in place, then start.

`-s`, and not `-I`: the PYTHON* variables that a user sets go on working. `-S` leaves out the module `site`, and a file
in place of its folder the module `runpy`: a tenth of a cold start. `perdure_bootstrap.sites` makes up for the former.
"""

import os
import sys

from perdure_finder import PrivateFinder, private_folder, read_shared, warn


def main() -> None:
    """Serve the handler that `_HANDLER` names."""
    boot = os.path.dirname(os.path.abspath(__file__))
    # Python put this directory first for running it. What is in it is for this script only, and is imported by now.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != boot]
    home = os.path.dirname(boot)
    private = private_folder(home, sys.version_info[:2])
    shared = read_shared(os.path.join(boot, "shared.txt"), private)
    # What the optional layer has; the two are one folder by now.
    shared |= read_shared(os.path.join(home, "boto3", "shared.txt"), os.path.join(home, "boto3", "lib"))
    sys.meta_path.insert(0, PrivateFinder(private, shared, bundle, warn, os.path.join(home, "native")))

    from perdure_bootstrap import sites
    from perdure_bootstrap.__main__ import main as serve

    sites.make_up(os.environ, sites.packages_of(sys.base_prefix))
    serve()


def bundle() -> tuple[str, ...]:
    """Where the function's own modules are; asked before the bootstrap has put it on the path."""
    from perdure_bootstrap.handlers import search_path

    return search_path(os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd())


if __name__ == "__main__":
    main()
