# SPDX-License-Identifier: BSD-2-Clause
"""Declarations that a command line names as MODULE:CLASS."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from .._declarations.application import Declaration, declaration_of
from .._declarations.kinds import DeclarationError
from ._errors import InputError

__all__ = ["declaration_at", "object_at", "split"]


def split(name: str) -> tuple[str, str]:
    """Return the module and the class that MODULE:CLASS names; raise ValueError if it is none."""
    module, colon, cls = name.partition(":")
    parts = [*module.split("."), *cls.split(".")]
    if not colon or not all(part.isidentifier() for part in parts):
        raise ValueError
    return module, cls


def declaration_at(name: str) -> Declaration:
    """Return the declaration that MODULE:CLASS names.

    Raises:
        InputError: there is none.
    """
    found = object_at(name)
    try:
        return declaration_of(found)
    except DeclarationError:
        module_name, path = split(name)
        raise InputError(
            f"{path} of {module_name} declares no application, as a class of ta.Client does"
            f"{_instead(_imported(module_name))}"
        ) from None


def object_at(name: str) -> Any:
    """Return what MODULE:CLASS names. Modules are also looked for in the current folder.

    Raises:
        InputError: there is none.
    """
    module_name, path = split(name)
    module = _imported(module_name)
    found: Any = module
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise InputError(f"{module_name} has no {path}{_instead(module)}") from None
    return found


def _instead(module: ModuleType) -> str:
    """Say which applications a module declares."""
    names = []
    for name, value in vars(module).items():
        with contextlib.suppress(DeclarationError):
            declaration_of(value)
            names.append(name)
    return f"; {module.__name__} declares {', '.join(names)}" if names else ""


def _imported(name: str) -> ModuleType:
    here = os.getcwd()
    # As python -m does it; -P says that it should not.
    if here not in sys.path and "" not in sys.path and not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, here)
    try:
        # What it prints is no part of the output.
        with contextlib.redirect_stdout(sys.stderr):
            return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if (
            isinstance(error, ModuleNotFoundError)
            and error.name
            and (name == error.name or name.startswith(f"{error.name}."))
        ):
            remedy = "look from the folder that has it, or set PYTHONPATH"
            if name.endswith(".py"):
                remedy = f"name the module, {name.removesuffix('.py')}, and not its file"
            raise InputError(f"there is no module {name}: {remedy}") from None
        text = " ".join(str(error).split())
        raise InputError(
            f"{name} can't be imported: {type(error).__name__}{': ' * bool(text)}{text}"
        ) from None
