# SPDX-License-Identifier: BSD-2-Clause
"""Type checkers know the types of all commands, and the stubs say what is there at run time."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import aio, ta
from pytee_client.ta import _signatures, client
from pytee_client.ta._commands import BoundCommand, Command
from pytee_client.ta._opening import Opener

from ...support.typed_shapes import Shape, module, shapes, write_module

TOP = Path(__file__).parents[3]
PACKAGE = TOP / "pytee_client" / "ta"
MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10")


def checked(file: Path) -> list[str]:
    """Return what a strict type checker says of a module."""
    command = [*MYPY, f"--cache-dir={file.parent / 'cache'}", str(file)]
    done = subprocess.run(
        command, cwd=TOP, capture_output=True, text=True, check=False, timeout=300
    )
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def test_mypy_knows_every_type_and_finds_every_misuse(tmp_path: Path) -> None:
    """CI shows the same module to pyright."""
    assert checked(write_module(tmp_path)) == []
    # That it looks is seen by what is wrong.
    wrong = tmp_path / "wrong.py"
    source = module()
    for right, other in (
        ("assert_type(client.c1(timeout=1, room=3), float)", "assert_type(client.c1(), int)"),
        ("assert_type(await client.c1(), float)", "assert_type(await client.c1(), int)"),
        ('wallet.add("1")  # type: ignore', "wallet.add(1)  # type: ignore"),
    ):
        assert source.count(right) > 0
        source = source.replace(right, other)
    wrong.write_text(source)
    complaints = checked(wrong)
    assert len(complaints) == 4, complaints
    assert sum("assert-type" in line or "is not" in line for line in complaints) == 2
    assert sum("unused-ignore" in line or "unused" in line for line in complaints) == 2


def overloads_of(name: str) -> list[ast.FunctionDef]:
    tree = ast.parse((PACKAGE / "_signatures.pyi").read_text())
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]


def expected(shape: Shape, name: str, prefix: str) -> tuple[list[str], str, str]:
    """Return the types of arguments, of returns, and of the result."""
    letters = "ABCD"[: len(shape.come_back)]
    arguments = ["int"] if name == "command" else []
    for letter, comes_back in zip(letters, shape.come_back, strict=True):
        arguments.append(f"_Io[_{letter}, _{letter}2]" if comes_back else f"_In[_{letter}]")
    numbers = range(1, shape.results + 1)
    returns = [f"_Out[_R{number}]" for number in numbers]
    types = [f"_{letter}2" for letter, back in zip(letters, shape.come_back, strict=True) if back]
    types += [f"_R{number}" for number in numbers]
    result = "None" if not types else types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"
    given = ", ".join([*(f"_{letter}" for letter in letters), result])
    declared = f"tuple[{', '.join(returns)}]" if len(returns) > 1 else "".join(returns)
    return arguments, declared, f"{prefix}{len(letters)}[{given}]"


def written(node: ast.FunctionDef) -> tuple[list[str], str, str]:
    arguments = [ast.unparse(one.annotation) for one in node.args.posonlyargs if one.annotation]
    returns = "".join(ast.unparse(one.annotation) for one in node.args.kwonlyargs if one.annotation)
    assert node.returns is not None
    return arguments, returns, ast.unparse(node.returns)


@pytest.mark.parametrize(("name", "prefix"), [("command", "Command"), ("opening", "Opening")])
def test_there_is_one_signature_for_each_shape(name: str, prefix: str) -> None:
    found = [written(node) for node in overloads_of(name)]
    assert len(found) == 57
    assert sorted(found) == sorted(expected(shape, name, prefix) for shape in shapes())


def keywords(function: Callable[..., Any]) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    return {one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}


def stub_classes() -> dict[str, ast.ClassDef]:
    tree = ast.parse((PACKAGE / "_typed.pyi").read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def members_of(name: str) -> set[str]:
    """Return the names in a class of the stub, and in its bases there."""
    classes = stub_classes()
    found = set()
    for node in classes[name].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found |= members_of(base.id)
    return found


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("Options", [tee.Session.invoke_command, tee.SessionPool.invoke_command]),
        ("AsyncOptions", [aio.Session.invoke_command, aio.SessionPool.invoke_command]),
    ],
)
def test_a_command_takes_the_options_of_invoke_command_and_room(
    name: str, functions: list[Callable[..., Any]]
) -> None:
    for function in functions:
        assert members_of(name) == keywords(function) | {"room"}


def test_submissions_and_openings_take_what_they_take_at_run_time() -> None:
    assert members_of("SubmitOptions") == keywords(BoundCommand.submit)
    assert members_of("OpeningOptions") == keywords(ta.Client.__init__)
    assert members_of("AsyncOpeningOptions") == keywords(aio.Context.client)


@pytest.mark.parametrize("count", range(5))
def test_the_classes_of_the_stub_have_what_those_at_run_time_have(count: int) -> None:
    made: dict[str, object] = {"Bound": BoundCommand, "Command": Command(0, ()), "Opener": Opener}
    for name, at_run_time in made.items():
        for member in members_of(f"{name}{count}"):
            assert hasattr(at_run_time, member), f"{name}{count}.{member}"
    assert members_of(f"Awaited{count}") == {"__call__"}


def test_the_functions_take_the_keywords_of_the_stub() -> None:
    assert keywords(_signatures.command) == {"returns", "slots", "retry"}
    assert keywords(_signatures.opening) == {"returns", "slots"}
    tree = ast.parse((PACKAGE / "_signatures.pyi").read_text())
    declared = {
        node.name: [ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign)]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    assert declared == {"_Where": ["slots"], "_How": ["retry"]}


def test_what_only_type_checkers_see_of_a_client_is_there() -> None:
    source = inspect.getsource(client)
    for name, kind in (("session", "SessionOf"), ("close", "CloseOf"), ("closed", "ClosedOf")):
        assert f"        {name}: {kind}\n" in source
        assert hasattr(ta.Client, name)
        assert kind in stub_classes()
