# SPDX-License-Identifier: BSD-2-Clause
"""What imports may do besides pointing down, which lint-imports looks at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ..support.bare_python import BARE_PYTHON, environment

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "pytee_client"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path, top: Path) -> str:
    """Return the name by which a module of a package in `top` is imported."""
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through what runs: all but what is for type checkers alone."""
    yield node
    for_type_checkers: list[ast.stmt] = []
    if isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING":
        for_type_checkers = node.body
    for child in ast.iter_child_nodes(node):
        if child not in for_type_checkers:
            yield from run_time_nodes(child)


def imports_of(path: Path, top: Path, nodes: Iterable[ast.AST]) -> set[str]:
    """Return all that nodes of a module import, by absolute names."""
    parts = path.relative_to(top).with_suffix("").parts
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def and_packages(name: str) -> list[str]:
    """Return a name, the package that it is in, the package that this is in, and so on."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def paths_of(package: Path) -> Mapping[str, Path]:
    """Return the modules of a package by their names; what is compiled has a stub alone."""
    found = [*package.rglob("*.pyi"), *package.rglob("*.py")]
    return {name_of(path, package.parent): path for path in found}


def run_time_imports(package: Path) -> Mapping[str, set[str]]:
    """Return the modules of a package, and which others each imports, be it in a function.

    Importing a module also runs the packages that it is in, but for those that the importer is in:
    they run already.
    """
    top = package.parent
    paths = paths_of(package)
    graph: dict[str, set[str]] = {name: set() for name in paths}
    for name, path in paths.items():
        for imported in imports_of(path, top, run_time_nodes(ast.parse(path.read_text()))):
            modules = [one for one in and_packages(imported) if one in paths]
            graph[name].update(modules[:1])
            graph[name].update(one for one in modules[1:] if one not in and_packages(name))
        graph[name].discard(name)
    return graph


def cycle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, the first also at its end, if there is one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []


def all_imports(package: Path) -> Mapping[str, set[str]]:
    """Return the modules of a package, and which others each names, if only for type checkers."""
    top = package.parent
    paths = paths_of(package)
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        imported: set[str] = set()
        for one in {path, path.with_suffix(".pyi")}:
            if one.exists():
                imported |= imports_of(one, top, ast.walk(ast.parse(one.read_text())))
        modules = [
            next((one for one in and_packages(each) if one in paths), name) for each in imported
        ]
        graph[name] = {*modules} - {name}
    return graph


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return all modules that one imports, or that these import, and so on."""
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in graph[todo.pop()] - found:
            found.add(name)
            todo.append(name)
    return found


def knots_in(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Return the sets of modules that all name each other, if through others."""
    reached = {name: reachable(graph, name) for name in graph}
    return {
        frozenset(other for other in reached[name] if name in reached[other])
        for name in graph
        if name in reached[name]
    }


# What belongs to a context names its class for type checkers, and so do clients on a loop.
OWNERS = (
    ("pytee_client.memory", "pytee_client.context"),
    ("pytee_client.session", "pytee_client.context"),
    ("pytee_client._hints", "pytee_client.context"),
    ("pytee_client._hints", "pytee_client.session_pool"),
    ("pytee_client._hints", "pytee_client.ta"),
    ("pytee_client.aio._commands", "pytee_client.aio.context"),
    ("pytee_client.aio.memory", "pytee_client.aio.context"),
    ("pytee_client.aio.session", "pytee_client.aio.context"),
    ("pytee_client.aio.session_pool", "pytee_client.aio.context"),
    ("pytee_client.ta._typed", "pytee_client.aio"),
)
# Applications, their instances and what these may call know each other by nature.
KNOT = "pytee_client.fake.secure_world.world"


def test_only_what_knows_each_other_by_nature_is_in_knots_for_type_checkers() -> None:
    imports = all_imports(PACKAGE)
    for part, owner in OWNERS:
        imports[part].remove(owner)
    (knot,) = knots_in(imports)
    assert KNOT in knot
    assert len(knot) <= 8


def test_knots_are_found_through_others_and_for_type_checkers() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set[str]()}
    assert knots_in(graph) == {frozenset("abc")}
    assert "pytee_client.context" in all_imports(PACKAGE)["pytee_client.memory"]


def test_no_modules_import_each_other_when_they_run() -> None:
    graph = run_time_imports(PACKAGE)
    assert "pytee_client._boundary" in graph["pytee_client._calls.pool"]
    assert cycle_in(graph) == []


@pytest.mark.parametrize(
    ("files", "cycle"),
    [
        ({"a.py": "from . import b", "b.py": "from .c import x", "c.py": "import p.a"}, "abc"),
        ({"a.py": "from .b import x", "b.py": "def f():\n    from . import a"}, "ab"),
        ({"a.py": "from .b.c import x", "b/__init__.py": "from ..a import x", "b/c.py": ""}, "ab"),
        ({"a.py": "from . import b", "b.py": "if TYPE_CHECKING:\n    from . import a"}, ""),
        ({"a/__init__.py": "from .b import x", "a/b.py": "from . import c", "a/c.py": ""}, ""),
        ({"a.py": "", "__init__.py": "from .a import x"}, ""),
    ],
)
def test_a_cycle_of_imports_is_found(files: dict[str, str], cycle: str, tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = cycle_in(run_time_imports(tmp_path / "p"))
    assert set(found) == {f"p.{letter}" for letter in cycle}


def test_a_module_that_takes_a_name_from_its_package_is_in_a_cycle(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("from .a import y\nx = 1")
    (tmp_path / "a.py").write_text("from . import x\ny = 1")
    assert {*cycle_in(run_time_imports(tmp_path))} == {tmp_path.name, f"{tmp_path.name}.a"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_door_imports_the_compiled_module(path: Path) -> None:
    imported = imports_of(path, TOP, ast.walk(ast.parse(path.read_text())))
    imports_it = any(f"{name}.".startswith("pytee_client._native.") for name in imported)
    door = path.parent.name == "_boundary" and path.name != "__init__.py"
    assert imports_it == door


def test_importing_the_package_loads_no_more_than_it_needs() -> None:
    script = (
        "import sys; before = set(sys.modules); import pytee_client;"
        "bad = [m for m in set(sys.modules) - before if m.split('.')[0] in"
        " ('asyncio', 'argparse', 'typing', 'typing_extensions', 'cffi', 'ctypes', 'uuid',"
        " 'hashlib', 'dataclasses', 'inspect', 'pathlib', 're', 'contextlib')"
        " or m.startswith(('pytee_client.fake', 'pytee_client.devices', 'pytee_client.kernels'))];"
        " print(bad)"
    )
    done = subprocess.run(
        [*BARE_PYTHON, script],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
