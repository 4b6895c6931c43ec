"""The templates, in `conf/`, of the documents that Ballast writes for people."""

from jinja2 import Environment, FunctionLoader, StrictUndefined

from udfs.storage.conf_files import read_conf


def environment(*, autoescape: bool) -> Environment:
    """jinja2 over `conf/`, with the filters that all templates share. A name without a value is an error."""
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
