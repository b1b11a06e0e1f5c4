# SPDX-License-Identifier: BSD-2-Clause
"""A mistake of a FileSystem of the user is logged, and the supplicant serves on."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import SecureStorage
from pytee_client.fake.secure_world import MemoryFileSystem, application_image
from pytee_client.supplicant import Supplicant

from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def divide(*arguments: object) -> None:
    _ = 1 // 0


def leave(*arguments: object) -> None:
    sys.exit("enough")


LINE_OF_DIVISION = divide.__code__.co_firstlineno + 1


@pytest.mark.parametrize("reg_mem", [True, False])
@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (divide, f"modulo by zero, in {__file__}, line {LINE_OF_DIVISION} (divide)"),
        (leave, "SystemExit: enough, in "),
        (lambda *_: None, "TypeError: an answer has numbers, and not None"),
        (lambda *_: "handle", "TypeError: an answer has numbers, and not 'handle'"),
        (lambda *_: -1, "ValueError: an answer has numbers from 0 to 2**64-1, and not -1"),
        (lambda *_: 1 << 64, "ValueError: an answer has numbers from 0 to 2**64-1"),
    ],
)
def test_a_file_system_that_errs_is_logged_and_the_next_request_is_served(
    mistake: Callable[..., Any],
    says: str,
    reg_mem: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Mistaken(MemoryFileSystem):
        create = mistake

    files = Mistaken()
    (tmp_path / f"{SecureStorage.uuid}.ta").write_bytes(application_image(SecureStorage))
    kernel = fake.Kernel(fake.Optee(reg_mem=reg_mem, supplicant=fake.SupplicantUse.NOWAIT))
    write = SecureStorage.Command.WRITE_RAW
    with (
        Supplicant(kernel, applications=[tmp_path], storage=files),
        tee.Context(backend=kernel) as context,
        context.open_session(SecureStorage.uuid) as session,
    ):
        with pytest.raises(tee.GenericError):
            session.invoke_command(write, b"name", b"data")
        (record,) = caplog.records
        assert record.name == "pytee_client.supplicant"
        assert says in record.message
        caplog.clear()
        del Mistaken.create
        session.invoke_command(write, b"name", b"data")
        assert not caplog.records
    kernel.assert_no_leaks()


def test_a_handler_that_ends_its_thread_leaves_the_next_request_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Leaving(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sys.exit()

    logger = logging.getLogger("pytee_client.supplicant")
    monkeypatch.setattr(logger, "handlers", [Leaving()])
    monkeypatch.setattr(logging, "raiseExceptions", False)
    (tmp_path / f"{SecureStorage.uuid}.ta").write_bytes(application_image(SecureStorage))
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.NOWAIT))
    logger.setLevel(logging.DEBUG)
    try:
        with (
            Supplicant(kernel, applications=[tmp_path], storage=MemoryFileSystem()),
            tee.Context(backend=kernel, timeout=LIMIT) as context,
            context.open_session(SecureStorage.uuid) as session,
        ):
            session.invoke_command(SecureStorage.Command.WRITE_RAW, b"name", b"data")
    finally:
        logger.setLevel(logging.NOTSET)


def test_what_is_no_application_has_no_image() -> None:
    wrong: Any = SecureStorage()
    with pytest.raises(TypeError, match="give the class SecureStorage"):
        application_image(wrong)
