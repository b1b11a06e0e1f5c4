# SPDX-License-Identifier: BSD-2-Clause
"""What the fake's other devices than OP-TEE's for clients answer to single system calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from pytee_client.fake import Kernel, LinuxRelease
from pytee_client.fake.applications import Conformance
from pytee_client.fake.tstee import SecurePartition, TrustedService, TsTee

from .columns import ROWS, Column, Row
from .ground import Ground
from .interpreter import run

# The oldest known, and the newest of each series.
RELEASES = (LinuxRelease.known()[0], LinuxRelease.named("6.12"), LinuxRelease.named("7.2"))


class Service(TrustedService):
    """What has the UUID that the vectors ask for."""

    uuid = Conformance.uuid

    def call(self, opcode: int, request: bytes) -> tuple[int, bytes]:
        return 0, b""


def kernel_of(column: Column, release: LinuxRelease) -> Kernel:
    if column is Column.TSTEE:
        driver = TsTee(SecurePartition(0x8001, (Service(),)))
        return Kernel(driver, release=release)
    names = {Column.SUPPLICANT: "optee", Column.AMDTEE: "amdtee", Column.QTEE: "qtee"}
    return Kernel(names[column], release=release)


@pytest.fixture
def ground(column: Column, release: LinuxRelease) -> Iterator[Ground]:
    path = "/dev/teepriv0" if column is Column.SUPPLICANT else "/dev/tee0"
    with closing(Ground(kernel_of(column, release), path=path, is_bare=True)) as ground:
        yield ground


@pytest.mark.parametrize(
    ("release", "column", "row"),
    [
        pytest.param(
            release, column, row, id=f"{release.version}-{column.name.lower()}-{row.claim}"
        )
        for release in RELEASES
        for column in Column
        if column is not Column.QTEE or release.has_qtee_driver
        for row in ROWS
        if column in row.expected
    ],
)
def test_the_kernel_answers(
    ground: Ground, release: LinuxRelease, column: Column, row: Row
) -> None:
    outcome = run(ground, row.program)[list(row.program)[-1]]
    assert row.is_met_by(outcome, column, release), outcome
    assert not outcome.changes or outcome.result in (0, "fd", "address")
