# SPDX-License-Identifier: BSD-2-Clause
"""An entry point that takes other arguments is a panic that names it, with its place."""

from __future__ import annotations

from typing import Any

import pytest

from pytee_client import fake

from ....support.applications.mistaken import (
    UUID_OF_MISTAKEN,
    Mistaken,
    mistaken,
    panic_of,
)


def takes_less(self: Any) -> None:
    pass


@pytest.mark.parametrize("name", ["__init__", "create", "open_session", "invoke_command"])
def test_an_entry_point_with_other_parameters_is_named_with_its_place(name: str) -> None:
    def takes_more(self: Any, session: Any, command_id: Any, parameters: Any, more: Any) -> None:
        pass

    for method in (takes_less, takes_more):
        if method is takes_less and name in ("__init__", "create"):
            continue
        application = type("Own", (Mistaken,), {name: method})
        text = str(panic_of(application))
        line = method.__code__.co_firstlineno
        assert f"Own.{method.__name__}() ({__file__}, line {line}) takes other arguments: " in text


def test_a_type_error_within_an_entry_point_is_its_own() -> None:
    def misuse(parameters: fake.Parameters) -> None:
        takes_less()  # type: ignore[call-arg]

    text = str(panic_of(mistaken("invoke_command", misuse)))
    assert "takes other arguments" not in text
    assert f"in {__file__}, line {misuse.__code__.co_firstlineno + 1} (misuse)" in text


def test_a_command_with_other_parameters_is_named_with_its_place() -> None:
    class Less(fake.TrustedApplication):
        uuid = UUID_OF_MISTAKEN

        @fake.command(0)  # type: ignore[type-var]
        def less(self, session: fake.ClientSession) -> None: ...

    line = Less.less.__code__.co_firstlineno
    assert f"Less.less() ({__file__}, line {line}) takes other arguments" in str(panic_of(Less))
