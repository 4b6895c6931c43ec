"""Loads the compiled `skeleton` (skeleton.c), which installing Ballast builds if there is a C compiler.

The module lies outside the package `udfs`: on a cluster, `udfs` comes in a zip, which cannot hold compiled code.
"""

import importlib
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files

Skeleton = Callable[[bytes, bool], bytes | None]
"""A page (ASCII-compatible bytes, however malformed) to its skeleton: empty if the page has no image, None if only a
tree can show its elements. The flag says whether to keep whole elements (`Profile.looks_around`)."""


def _compiled() -> Skeleton | None:
    try:
        module = importlib.import_module("_ballast_skeleton")
    except ImportError:
        return None
    source = files("udfs.html").joinpath("skeleton.c").read_bytes()
    function: Skeleton = module.skeleton
    return function if sha256(source).hexdigest() == module.SOURCE else None


skeleton = _compiled()
"""The compiled function; None if it was not built, or was built from another version of its source."""
