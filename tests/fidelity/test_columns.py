# SPDX-License-Identifier: BSD-2-Clause
"""What the fake's other devices than OP-TEE's for clients answer to single system calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from pytee_client.fake import (
    Kernel,
    LinuxRelease,
    SecurePartition,
    TrustedService,
    TsTee,
    new_kernel,
)
from pytee_client.fake.applications import Conformance

from .columns import ROWS, Column, Row
from .ground import Ground
from .interpreter import run


class Service(TrustedService):
    """What has the UUID that the vectors ask for."""

    uuid = Conformance.uuid

    def call(self, opcode: int, request: bytes) -> tuple[int, bytes]:
        return 0, b""


def kernel_of(column: Column) -> Kernel:
    if column is Column.TSTEE:
        driver = TsTee(SecurePartition(0x8001, (Service(),)))
        return Kernel(driver, release=LinuxRelease.LINUX_7_2)
    names = {Column.SUPPLICANT: "optee", Column.AMDTEE: "amdtee", Column.QTEE: "qtee"}
    return new_kernel(f"{names[column]}@7.2")


@pytest.fixture
def ground(column: Column) -> Iterator[Ground]:
    path = "/dev/teepriv0" if column is Column.SUPPLICANT else "/dev/tee0"
    with closing(Ground(kernel_of(column), path=path, is_bare=True)) as ground:
        yield ground


@pytest.mark.parametrize(
    ("column", "row"),
    [
        pytest.param(column, row, id=f"{column.name.lower()}-{row.claim}")
        for column in Column
        for row in ROWS
        if column in row.expected
    ],
)
def test_the_kernel_answers(ground: Ground, column: Column, row: Row) -> None:
    outcome = run(ground, row.program)[list(row.program)[-1]]
    assert row.is_met_by(outcome, column, since_6_18=True), outcome
    assert not outcome.changes or outcome.result in (0, "fd", "address")
