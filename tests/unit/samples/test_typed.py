# SPDX-License-Identifier: BSD-2-Clause
"""What the pages on declared applications show works, on the fake."""

from __future__ import annotations

import asyncio
import re
import runpy
import sys
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client._declarations.application import declaration_of
from pytee_client._headers.writer import c_header
from pytee_client.fake.applications import AppSecrets, Attestation

from ...support.samples import TOP
from .running import SAMPLES, Sample, needs_cryptography, run


def test_op_tees_own_applications_answer_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.TYPED_CLIENTS)
    devices, heap, *_ = capsys.readouterr().out.splitlines()
    assert devices == "['invoke_tests']"
    assert heap == "Heap: 0 of 0 bytes"


@needs_cryptography
def test_op_tees_examples_answer_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Sample.TYPED_EXAMPLES, context=context)
    assert capsys.readouterr().out == "10000\nb'secret'\n"


@needs_cryptography
def test_what_a_tee_signs_is_verified_by_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    with tee.Context(backend=fake.Kernel(applications=[Attestation])) as context:
        evidence = run(Sample.ATTESTATION, context=context)["evidence"]
    assert capsys.readouterr().out == f"{evidence.digest.hex()}\n"


@needs_cryptography
def test_a_secret_is_sealed_by_the_sample() -> None:
    with tee.Context(backend=fake.Kernel(applications=[AppSecrets])) as context:
        sealed = run(Sample.APP_SECRETS, context=context)["sealed"]
    assert b"password" not in sealed


def test_a_typed_client_is_awaited_as_in_the_sample() -> None:
    async def main() -> int:
        async with aio.Context(backend=fake.Kernel()) as context:
            answer: int = await run(Sample.TYPED_ON_A_LOOP)["count"](context)
            return answer

    assert asyncio.run(main()) == 42


@pytest.fixture
def wallets() -> dict[str, Any]:
    """Return the names of the example that has a fake of the samples' wallet."""
    return runpy.run_path(str(TOP / "examples" / "wallet.py"))


def test_a_declared_application_is_used_as_in_the_sample(
    wallets: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    with fake.default_kernel().installed(wallets["FakeWallet"]):
        run(Sample.DECLARATION)
    assert capsys.readouterr().out == f"70 75 {b'Ada' * 30!r}\n"


def test_a_structure_lies_in_memory_as_the_sample_says(capsys: pytest.CaptureFixture[str]) -> None:
    run(Sample.STRUCTURES)
    assert capsys.readouterr().out == "64 64 key\n"


def test_declared_commands_are_submitted_and_awaited_as_in_the_samples(
    wallets: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    given = {name: wallets[name] for name in ("Wallet", "Transfer", "ta")}
    kernel = fake.Kernel(applications=[wallets["FakeWallet"]])
    with tee.Context(backend=kernel) as context:
        run(Sample.TYPED_POOL, context=context, **given)
    assert capsys.readouterr().out == f"1\n{sum(range(100, 110))}\n"

    async def main() -> int:
        async with aio.Context(backend=kernel) as context:
            balance: int = await run(Sample.DECLARED_ON_A_LOOP, **given)["pay"](context, 30)
            return balance

    assert asyncio.run(main()) == 70


def test_an_opening_that_is_declared_returns_what_the_sample_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Processor(fake.TrustedApplication):
        uuid = UUID("a1c0e7c4-2f4b-4ef2-9d54-0b6a3f0f9d21")

        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            assert session.identity.login == tee.Login.USER
            parameters.value(1).b = 2 * parameters.value(0).a

    with tee.Context(backend=fake.Kernel(applications=[Processor])) as context:
        run(Sample.DECLARED_OPENING, context=context)
    assert capsys.readouterr().out == "6\n"


def test_well_known_applications_have_the_uuids_of_the_sample(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(Sample.WELL_KNOWN)
    assert "pkcs11   fd02c9da-306c-48c7-a49c-bbd827ae86ee\n" in capsys.readouterr().out


def test_the_header_of_the_sample_has_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, Sample.HEADER.name, ModuleType(Sample.HEADER.name))
    declared = declaration_of(run(Sample.HEADER)["Purse"])
    header = c_header(declared, "purse:Purse")
    page = SAMPLES[Sample.HEADER.place].page.read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```c\n(.*?)^```$", page, re.M | re.S)
    for part in shown.split("\n\n"):
        assert part in header
