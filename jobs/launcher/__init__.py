"""Ballast in Python: `import ballast_curation as ballast`, then `run = ballast.curate("FILE.warc.gz", out="run")`.

- `curate` runs the whole pipeline in a folder, as the command does; `Run` opens such a folder.
- `extract`, `match`, `dedup`, `count`, `sizes` and `balance` are the steps on DataFrames of your own Spark program.
- `start_spark` gives a notebook the session that they need, and `write_sample` a small generated web to try them on.
- `UsageError`, `BallastError` and `BallastWarning` are what they raise and warn with.

`help(ballast.curate)` shows every argument. Importing the package imports no Spark; the first use of a name does.

It also binds `conf`, `jobs`, `metadata` and `udfs` to the copies beside it. These four names are common: another `jobs`
on PYTHONPATH would hide ours. Raises `ImportError` if another package with one of these names is already imported. In a
checkout, this folder is below `jobs/`.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # editors and type checkers see the names here; Python loads each when it is first used
    from jobs.api.frames import count, match, sizes
    from jobs.api.functions import balance, curate, dedup, extract
    from jobs.api.run import Run
    from jobs.api.session import start_spark
    from jobs.sample import write_sample
    from udfs.errors import BallastError, BallastWarning, UsageError

_HERE = Path(__file__).resolve().parent
_ROOT = str(_HERE.parents[1] if _HERE.name == "launcher" else _HERE.parent)


def _bind(name: str) -> None:
    """Import a package from `_ROOT`, a folder or a zip, and ignore `sys.path`."""
    spec = PathFinder.find_spec(name, [_ROOT])
    if spec is None or spec.loader is None:
        raise ImportError(f"{_ROOT}: the package {name} of Ballast is missing: install Ballast again")
    if name in sys.modules:
        other = sys.modules[name].__file__
        if other is None or Path(other).resolve() != Path(spec.origin or ""):
            raise ImportError(f"{other}: another package named {name} is imported: import ballast_curation first")
        return
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


for _name in ("conf", "jobs", "metadata", "udfs"):
    _bind(_name)

_MODULES = {
    "jobs.api.frames": ("count", "match", "sizes"),
    "jobs.api.functions": ("balance", "curate", "dedup", "extract"),
    "jobs.api.run": ("Run",),
    "jobs.api.session": ("start_spark",),
    "jobs.sample": ("write_sample",),
    "udfs.errors": ("BallastError", "BallastWarning", "UsageError"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BallastError",
    "BallastWarning",
    "Run",
    "UsageError",
    "balance",
    "count",
    "curate",
    "dedup",
    "extract",
    "match",
    "sizes",
    "start_spark",
    "write_sample",
]


def __getattr__(name: str) -> Any:
    """Load a name of the interface when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def main() -> int:
    """Run the `ballast` command; returns the exit status."""
    from jobs.cli import main as run  # imported late, since it imports pyspark

    return run()
