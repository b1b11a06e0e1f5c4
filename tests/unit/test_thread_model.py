# SPDX-License-Identifier: BSD-2-Clause
"""Each public class and each function in C says what threads may do, and so does the page."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "threads.md").read_text()
HEADERS = ("tee_client_api.h", "tee_client_api_extensions.h")
PACKAGES = (
    "pytee_client",
    "pytee_client.aio",
    "pytee_client.devices",
    "pytee_client.fake",
    "pytee_client.fake.applications",
    "pytee_client.fake.bus",
    "pytee_client.fake.qtee",
    "pytee_client.fake.secure_world",
    "pytee_client.fake.tstee",
    "pytee_client.faults",
    "pytee_client.kernels",
    "pytee_client.pytest_plugin",
    "pytee_client.supplicant",
    "pytee_client.ta",
    "pytee_client.ta.optee",
    "pytee_client.traces",
)


def never_changes(kind: type) -> bool:
    """Return whether objects of a class never change, or the class has none."""
    is_frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    is_protocol = getattr(kind, "_is_protocol", False)
    return issubclass(kind, BaseException | enum.Enum | tuple) or is_frozen or is_protocol


def public_classes() -> dict[str, type]:
    """Return the public classes whose objects change, by the names that programs write."""
    found: dict[str, type] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            kind = getattr(module, name)
            if inspect.isclass(kind) and kind.__module__.startswith("pytee_client"):
                written = f"{package}.{name}".removeprefix("pytee_client.")
                if not never_changes(kind):
                    found[written] = kind
    return found


CLASSES = public_classes()


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_or_one_of_its_bases_says_what_threads_may_do(name: str) -> None:
    assert any("Threads: " in (kind.__doc__ or "") for kind in CLASSES[name].__mro__)


def is_on_the_page(name: str) -> bool:
    package, _, _ = name.rpartition(".")
    return f"`{name}`" in PAGE or f"all in `{package}`" in PAGE


@pytest.mark.parametrize("name", CLASSES)
def test_the_page_names_a_class(name: str) -> None:
    assert is_on_the_page(name)


def test_the_page_names_no_class_that_is_not_there() -> None:
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    first_cells = [line.split("|")[1] for line in tables.splitlines()]
    named = [name for cell in first_cells for name in re.findall(r"`([\w.]+)`", cell)]
    known = {*CLASSES, *functions(), "PreparedCommand", "submit", "fake.applications", "ta.optee"}
    assert {*named} <= known


def functions() -> list[str]:
    """Return the functions of the headers."""
    texts = [(TOP / "csrc" / name).read_text() for name in HEADERS]
    return [name for text in texts for name in re.findall(r"^\w+ (TEEC_\w+)\(", text, re.M)]


@pytest.mark.parametrize("name", functions())
def test_a_function_in_c_says_what_threads_may_do(name: str) -> None:
    assert f"`{name}`" in PAGE
    text = "".join((TOP / "csrc" / header).read_text() for header in HEADERS)
    (declared,) = re.finditer(rf"^\w+ {name}\(", text, re.M)
    comment = text[text.rindex("/*", 0, declared.start()) : declared.start()]
    assert " * Threads: " in comment
