# SPDX-License-Identifier: BSD-2-Clause
"""A service of a QTEE that runs what a test gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pytee_client.fake.qtee import QteeArguments, QteeObject

if TYPE_CHECKING:
    from collections.abc import Callable


class QteeProbe(QteeObject):
    """Its operations are the test's, and so is the count of its releases."""

    NUMBER: ClassVar[int] = 0x70797499
    run: ClassVar[Callable[[QteeArguments], object]]
    releases: ClassVar[int]

    @classmethod
    def reset(cls) -> None:
        cls.run = lambda _: None
        cls.releases = 0

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        type(self).run(arguments)

    def released(self) -> None:
        type(self).releases += 1
