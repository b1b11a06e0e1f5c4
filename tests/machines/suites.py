# SPDX-License-Identifier: BSD-2-Clause
"""The suites of Debian that machines are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Suite:
    """Where the packages of one machine come from.

    Attributes:
        name: what the machine is called.
        sources: suites of the archive, the preferred one first. A later one serves only what
            those before it lack.
        may_be_inconsistent: whether its packages may fail to fit each other for some days, as
            in suites that developers upload to.
    """

    name: str
    sources: tuple[str, ...]
    may_be_inconsistent: bool = False


STABLE: Final = Suite("stable", ("trixie",))
# OP-TEE itself is in unstable alone; everything else comes from testing, which moves less.
NEWEST: Final = Suite("newest", ("testing", "unstable"), may_be_inconsistent=True)
SUITES: Final[Mapping[str, Suite]] = MappingProxyType({s.name: s for s in (STABLE, NEWEST)})
