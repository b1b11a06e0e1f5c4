# SPDX-License-Identifier: BSD-2-Clause
"""Which builds of the project are made anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .. import host
from ..cache import Cache
from ..process import VmError
from . import project

TOP = Path(__file__).parents[3]


@dataclass(frozen=True)
class Keys(Cache):
    """A cache that only notes the keys that it is asked for."""

    noted: dict[str, str] = field(default_factory=dict)

    def stage(
        self, name: str, key: str, make: Callable[[Path], None], *, fresh: bool = False
    ) -> Path:
        self.noted[name] = key
        out = self.root / name / "out"
        out.mkdir(parents=True, exist_ok=True)
        (out / "image.ta").touch()
        return out.parent


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, str]]:
    monkeypatch.setattr(host, "cross_compiler_version", lambda: "any")

    def find() -> dict[str, str]:
        cache = Keys(tmp_path)
        project.applications(cache, TOP, tmp_path)
        return cache.noted

    return find


def test_an_application_is_made_anew_if_its_declaration_says_something_else(
    keys: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys()
    assert keys() == before
    other = [("wallet_ta.h", "tests.unit.headers.declarations:Everything")]
    monkeypatch.setitem(project._DECLARED, "wallet", other)
    after = keys()
    assert {name for name in before if before[name] != after[name]} == {"application-wallet"}


def test_a_declaration_that_is_not_there_is_an_error_of_the_build(
    keys: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(project._DECLARED, "wallet", [("wallet_ta.h", "nothing_like_this:Wallet")])
    with pytest.raises(VmError, match="no header could be made of nothing_like_this:Wallet"):
        keys()
