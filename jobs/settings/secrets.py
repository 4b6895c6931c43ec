"""What looks like a secret, which no record and no request may hold."""

import re

_SECRET = re.compile(r"secret|password|token|credential|signature|access[._-]?key", re.IGNORECASE)


def looks_secret(text: str) -> bool:
    """Whether a name or an argument looks like that of a secret. Spark's own redaction covers less."""
    return _SECRET.search(text) is not None


def without_secret(pair: str) -> str:
    """KEY=VALUE as it may be stored: without the value where the key looks like a secret's."""
    key, _, value = pair.partition("=")
    return f"{key}={'(not recorded)' if looks_secret(key) else value}"
