"""The templates of what Ballast writes for people to read; they lie in `conf/`."""

from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined


def packaged_text(name: str) -> str:
    """A file of `conf/`. Through the loader, not a path: Ballast may be a zip that `--py-files` brought."""
    return resources.files("conf").joinpath(name).read_text(encoding="utf-8")


def environment(*, autoescape: bool) -> Environment:
    """jinja2 over `conf/`, with the filters that all templates share. A name that is not given is an error."""
    made = Environment(
        loader=FunctionLoader(packaged_text),
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
