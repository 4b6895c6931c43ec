"""The layout: imports between packages have no cycle, udfs/ is free of Spark, and each file is in its place."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from jobs.console.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for top in ("jobs", "metadata", "udfs") for path in (ROOT / top).rglob("*.py"))
TOOLS = {"jobs/__init__.py", "jobs/cli.py", "jobs/dist.py", "jobs/reference.py"}
"""At the top of jobs/ besides the commands: the `ballast` command itself, and what `make` runs."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in SOURCES}


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports, also those that it imports within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else node.module


def package_of(module: str) -> str:
    """`jobs.spark` of `jobs.spark.session`; a module at the top of a folder stands for itself."""
    return ".".join(module.split(".")[:2])


FLOORS = (
    {"udfs.archive", "udfs.html", "udfs.matching"},
    {"udfs.captions", "udfs.sample", "udfs.storage"},
    {"udfs.balancing", "udfs.models", "udfs.sources"},
    {"udfs.images"},
    {"udfs.extraction", "udfs.report"},
    {"jobs.settings"},
    {"jobs.spark"},
    {"jobs.runs"},
    {"jobs.console"},
    {"jobs.aws", "jobs.entries", "jobs.steps"},
    {"jobs.images"},
)
"""The packages, from the ground up: each imports only from lower floors. The vocabulary at the top of udfs/ lies below
them, the commands above."""


def package_graph() -> dict[str, set[str]]:
    """The packages that each package imports. The guard of a command file, which imports `jobs.cli` when the file is
    run by its path, is no part of the module."""
    graph = defaultdict(set)
    guarded = {*(command.file for command in COMMANDS.values()), *TOOLS}
    for path in SOURCES:
        importer, is_guarded = package_of(module_of(path)), path.relative_to(ROOT).as_posix() in guarded
        for module in imports_of(path):
            if module in MODULES and package_of(module) != importer and not (module == "jobs.cli" and is_guarded):
                graph[importer].add(package_of(module))
    return graph


def test_packages_import_each_other_without_a_cycle():
    tuple(TopologicalSorter(package_graph()).static_order())  # raises CycleError, which names the packages of a cycle


def test_packages_import_from_lower_floors_only():
    floor_of = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
    rooms = {package_of(module_of(path)) for path in SOURCES if path.parent.parent.parent == ROOT}
    assert rooms == floor_of.keys() | {"jobs.api", "jobs.launcher"}
    for importer, imported in package_graph().items():
        for package in floor_of.keys() & imported if importer in floor_of else ():
            assert floor_of[package] < floor_of[importer], f"{importer} imports {package}"


def test_the_python_interface_lies_above_the_commands():
    """No command needs it: only the installed package offers it, and the reference writes a part of it."""
    assert {importer for importer, imported in package_graph().items() if "jobs.api" in imported} == {
        "jobs.launcher",
        "jobs.reference",
    }


@pytest.mark.parametrize("folder", ["udfs", "metadata"])
def test_no_spark_outside_jobs(folder):
    for path in (ROOT / folder).rglob("*.py"):
        assert not {module.split(".")[0] for module in imports_of(path)} & {"pyspark", "py4j", "jobs"}, path


def test_the_top_of_jobs_holds_the_commands_and_nothing_else():
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "jobs").glob("*.py")}
    assert files == {command.file for command in COMMANDS.values()} | TOOLS


def test_no_file_of_jobs_hides_a_standard_module():
    """`spark-submit jobs/x.py` puts jobs/ first on the path."""
    import sys

    names = {path.stem for path in (ROOT / "jobs").iterdir() if path.stem != "__init__"}
    assert not names & sys.stdlib_module_names


def test_packages_export_nothing():
    """Each name is imported from one place. The launcher is an exception: it is installed under a name of its own."""
    for path in SOURCES:
        if path.name == "__init__.py" and path.parent.name != "launcher":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{path}: more than a docstring"
