# SPDX-License-Identifier: BSD-2-Clause
"""What the steps of a program will have yielded, as far as its generator knows."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from uuid import UUID

from .program import PSEUDO, SHARED, Map, Ref

SHARED_DEVICE = Ref("device")


@dataclass(frozen=True)
class Block:
    """Shared memory.

    Attributes:
        device: the device that it was asked of.
        size: how much.
        number: its id.
        is_mappable: whether it is the kernel's own.
    """

    device: Ref
    size: int
    number: Ref
    is_mappable: bool


@dataclass
class Belief:
    """What there is, by the steps that yielded it.

    Attributes:
        devices: descriptors of devices.
        origins: of what a descriptor is a copy.
        blocks: shared memory, by descriptor.
        numbers: all ids that there were.
        mappings: what was mapped, and may be written to.
        shared: sessions that a program must leave to the next: device and application.
        sessions: the others.
        has_forked: whether there was a child before.
    """

    devices: list[Ref] = field(default_factory=lambda: [SHARED_DEVICE])
    origins: dict[Ref, Ref] = field(default_factory=dict)
    blocks: dict[Ref, Block] = field(default_factory=dict)
    numbers: list[Ref] = field(default_factory=list)
    mappings: dict[Ref, Map] = field(default_factory=dict)
    shared: dict[Ref, tuple[Ref, UUID]] = field(default_factory=dict)
    sessions: dict[Ref, tuple[Ref, UUID]] = field(default_factory=dict)
    has_forked: bool = False

    @classmethod
    def at_first(cls, teepriv: bool) -> Belief:
        """Return what every program finds."""
        shared = {
            Ref(f"{name}.session"): (SHARED_DEVICE, uuid)
            for name, uuid in SHARED.items()
            if uuid in PSEUDO or not teepriv
        }
        return cls(shared=shared)

    def origin(self, fd: Ref) -> Ref:
        """Return the descriptor that a descriptor is a copy of, or itself."""
        return self.origins.get(fd, fd)

    def child(self) -> Belief:
        """Return what a child has.

        Without mappings of its own, which the model of a child shares with its parent.
        """
        inherited = {ref: m for ref, m in self.mappings.items() if m.flags == mmap.MAP_SHARED}
        return Belief(
            list(self.devices),
            dict(self.origins),
            dict(self.blocks),
            self.numbers,
            inherited,
            self.shared,
            self.sessions,
        )
