"""The name of Ballast on PyPI, where "ballast" is somebody else's package, and its installed version."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "ballast-curation"


def installed_version() -> str | None:
    """Return Ballast's version, or None where it runs from a checkout or a zip without metadata."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return None


def ballast_version() -> str:
    """Ballast's version as people read it."""
    return installed_version() or "0 (not installed)"
