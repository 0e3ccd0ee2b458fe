"""Starts the bootstrap as a layer does: without the module `site`, and with what that would have put on the path."""

import os
import sys

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = f"{sys.executable.rpartition('/bin/')[0]}/lib/{VERSION}/site-packages"


def main() -> None:
    """Serve until the rig ends the process."""
    sys.path.append(PACKAGES)
    try:
        from perdure_bootstrap import sites
    except ModuleNotFoundError:  # installed in place, by way of path files, which only `site` reads
        import site

        site.addsitedir(PACKAGES)
        from perdure_bootstrap import sites
    sites.make_up(os.environ, PACKAGES)
    from perdure_bootstrap.__main__ import main as serve

    serve()


if __name__ == "__main__":
    main()
