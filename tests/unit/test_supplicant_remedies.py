# SPDX-License-Identifier: BSD-2-Clause
"""What a process can know of a supplicant on Linux, and what it says if it can't see all."""

from __future__ import annotations

import math
import os

import pytest

import pytee_client as tee
from pytee_client import _supplicant_remedies, fake
from pytee_client._supplicant_remedies import (
    Sight,
    for_slow_command,
    for_slow_opening,
    look_for_supplicant,
)

OPTEE = tee.ImplementationId.OPTEE


@pytest.fixture(autouse=True)
def looks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supplicant_remedies, "FRESH", 0)


def text() -> str:
    remedy = for_slow_opening(OPTEE, None)
    assert remedy
    return remedy


@pytest.mark.parametrize("namespace", ["pid:[4026531836]", "pid:[4026532999]"])
def test_a_container_sees_its_own_processes_alone(
    monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    links = {"/proc/self/ns/pid": namespace}
    read = os.readlink
    monkeypatch.setattr(os, "readlink", lambda path: links.get(path) or read(path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "listdir", lambda _: ["self", str(os.getpid()), "0"])
    is_first = namespace == _supplicant_remedies._FIRST_NAMESPACE
    assert look_for_supplicant(None) is (Sight.NONE if is_first else Sight.NONE_SEEN)
    assert ("outside of any container" in text()) is not is_first
    assert "no process" in text()


def test_the_processes_of_others_may_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "no", path)

    namespace = _supplicant_remedies._FIRST_NAMESPACE
    monkeypatch.setattr(os, "readlink", lambda _: namespace)
    assert _supplicant_remedies._look_on_linux() in (Sight.NONE, Sight.NONE_SEEN)
    monkeypatch.setattr(os, "scandir", refuse)
    assert look_for_supplicant(None) is Sight.NONE_SEEN
    assert "as root" in text()


def test_without_proc_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> object:
        raise FileNotFoundError(2, "no", path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert look_for_supplicant(None) is Sight.NONE_SEEN


@pytest.mark.parametrize(
    ("link", "is_one"),
    [
        ("/dev/teepriv0", True),
        ("/run/devices/teepriv12", True),
        ("/dev/tee0", False),
        ("/dev/teepriv", False),
        ("/dev/teepriv0.log", False),
        ("socket:[12]", False),
    ],
)
def test_a_supplicant_is_who_has_its_device_open(
    monkeypatch: pytest.MonkeyPatch, link: str, is_one: bool
) -> None:
    monkeypatch.setattr(os, "readlink", lambda _: link)
    monkeypatch.setattr(os, "listdir", lambda _: [str(os.getpid())])
    assert (look_for_supplicant(None) is Sight.SERVES) is is_one


def test_a_fake_that_needs_no_supplicant_has_no_remedy() -> None:
    kernel = fake.Kernel()
    assert look_for_supplicant(kernel) is Sight.NEEDLESS
    assert for_slow_opening(OPTEE, kernel) is None
    assert for_slow_command(OPTEE, kernel) is None


def test_a_command_is_told_of_a_supplicant_only_by_who_can_know_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "readlink", lambda _: _supplicant_remedies._FIRST_NAMESPACE)
    monkeypatch.setattr(os, "listdir", lambda _: list[str]())
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert (for_slow_command(OPTEE, None) is None) == bool(user)


def test_calls_of_one_moment_share_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(_supplicant_remedies, "FRESH", 3600)
    monkeypatch.setattr(_supplicant_remedies._Last, "when", -math.inf)

    def note(path: str) -> list[str]:
        looks.append(path)
        return []

    monkeypatch.setattr(os, "listdir", note)
    for _ in range(100):
        look_for_supplicant(None)
    assert len(looks) == 1
    monkeypatch.setattr(_supplicant_remedies._Last, "when", -math.inf)
