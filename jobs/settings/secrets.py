"""Detect what looks like a secret, which no record and no request may contain."""

import re

_SECRET = re.compile(r"secret|password|token|credential|signature|access[._-]?key", re.IGNORECASE)


def looks_secret(text: str) -> bool:
    """Return whether a name or an argument looks like a secret's. Spark's own redaction covers fewer words."""
    return _SECRET.search(text) is not None


def without_secret(pair: str) -> str:
    """Return KEY=VALUE, without the value if the key looks like a secret's."""
    key, _, value = pair.partition("=")
    return f"{key}={'(not recorded)' if looks_secret(key) else value}"
