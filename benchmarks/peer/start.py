"""Starts the bootstrap as a layer does: without the module `site`, and with what that would have put on the path.

And from packs of byte code, as a layer has them; where there are none, the first start makes them.
"""

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
    from perdure_bootstrap import packs

    if not os.path.exists(packs.pack_of(packs.ASYNC)):  # noqa: PTH110  pathlib would be imported for it
        packing = os.posix_spawn(sys.executable, [sys.executable, "-m", "perdure_bootstrap.packing"], os.environ)
        os.waitpid(packing, 0)
    from perdure_bootstrap.__main__ import main as serve

    serve()


if __name__ == "__main__":
    main()
