"""The installed package `ballast_curation`: importing it binds `conf`, `jobs`, `metadata` and `udfs` to the copies
beside it.

These four names are common: another `jobs` on PYTHONPATH would hide ours. Raises `ImportError` if another package with
one of these names is already imported. In a checkout, this folder is below `jobs/`.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

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


def main() -> int:
    """Run the `ballast` command; returns the exit status."""
    from jobs.cli import main as run  # imported late, since it imports pyspark

    return run()
