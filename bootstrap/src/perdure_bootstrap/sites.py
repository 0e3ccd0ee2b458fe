"""Started with `-S`: what the module `site` does that a function may count on.

`site` is loaded before the first line of any program, and takes a tenth of a cold start to look for things that are
hardly ever there: path files, a virtual environment, `sitecustomize`. Left out, it is made up for here: the
interpreter's own site-packages are on the path, their `.pth` files are read if there are any, a `sitecustomize` that
PYTHONPATH leads to is run, and `exit`, `quit` and `help` are there for who calls them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["make_up", "packages_of"]


def packages_of(prefix: str) -> str:
    """Where the packages of an installation of Python are."""
    return f"{prefix}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def make_up(environ: Mapping[str, str], packages: str) -> None:
    """Do what `site` would have done, unless it has; `packages` is the interpreter's folder of packages."""
    if "site" in sys.modules:
        return
    _add_builtins()
    if os.path.isdir(packages) and packages not in sys.path:  # noqa: PTH112  (pathlib is dear)
        sys.path.append(packages)
        if any(name.endswith(".pth") for name in os.listdir(packages)):  # noqa: PTH208
            import site

            site.addsitedir(packages)
    if environ.get("PYTHONPATH"):
        _customize()


def _add_builtins() -> None:
    import _sitebuiltins
    import builtins

    end = "Ctrl-D (i.e. EOF)"
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, end))
    builtins.help = _sitebuiltins._Helper()  # noqa: SLF001  as `site` does


def _customize() -> None:
    try:
        __import__("sitecustomize")  # for what it does
    except ImportError as error:
        if error.name != "sitecustomize":
            _tell(error)
    except Exception as error:  # noqa: BLE001  what it does is somebody else's; `site` goes on, too
        _tell(error)


def _tell(error: Exception) -> None:
    sys.stderr.write(f"sitecustomize failed: {type(error).__name__}: {error}\n")
