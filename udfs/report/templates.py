"""The templates of what Ballast writes for people to read; they lie in `conf/`."""

from jinja2 import Environment, FunctionLoader, StrictUndefined

from udfs.storage.conf_files import read_conf


def environment(*, autoescape: bool) -> Environment:
    """jinja2 over `conf/`, with the filters that all templates share. A name that is not given is an error."""
    made = Environment(
        loader=FunctionLoader(read_conf),
        autoescape=autoescape,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    made.filters |= {"n": _n, "share": _share}
    return made


def _n(value: int) -> str:
    return f"{value:,}"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "–"
