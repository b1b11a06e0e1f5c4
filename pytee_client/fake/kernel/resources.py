# SPDX-License-Identifier: BSD-2-Clause
"""Counting what programs hold of a fake kernel, to find leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from ..structures import Driver, SharedMemory, TeeContext, TeeDevice

__all__ = ["Resources", "count_resources"]


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a kernel that are in use; all zeros if nothing is.

    Attributes:
        descriptors: open descriptors, of devices and of shared memory.
        contexts: contexts of devices. Shared memory keeps one alive after its file is closed.
        memory: blocks of shared memory.
        mappings: mappings of shared memory.
        references: references to shared memory by calls that have not returned.
        sessions: sessions of clients that the drivers have.
        secure_world_sessions: sessions that the Trusted Applications have, including those
            with each other.
        pending_requests: requests to a supplicant without an answer.
        details: a line of text for each item; not compared.
    """

    descriptors: int = 0
    contexts: int = 0
    memory: int = 0
    mappings: int = 0
    references: int = 0
    sessions: int = 0
    secure_world_sessions: int = 0
    pending_requests: int = 0
    details: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def assert_no_more_than(self, before: Resources) -> None:
        """Raise AssertionError, with a list of what is held, if a number grew."""
        grown = []
        for item in fields(self):
            now, then = getattr(self, item.name), getattr(before, item.name)
            if item.compare and now > then:
                grown.append(f"{item.name.replace('_', ' ')}: {now}, and {then} before")
        if grown:
            raise AssertionError(
                "\n  ".join(
                    [
                        "the program did not give back to the fake kernel:",
                        *grown,
                        "it holds:",
                        *self.details,
                    ]
                )
            )


def count_resources(
    drivers: Iterable[Driver],
    devices: Iterable[TeeDevice],
    contexts: Mapping[int, TeeContext],
    files: Mapping[int, SharedMemory],
    mapped: Iterable[SharedMemory],
) -> Resources:
    """Count what is in use. The keys of contexts and files are descriptors."""
    drivers, devices = list(drivers), list(devices)
    blocks = [memory for device in devices for memory in device.memory.values()]
    alive = {id(context): context for context in contexts.values()}
    alive |= {id(memory.context): memory.context for memory in blocks}
    files_of = Counter(map(id, files.values()))
    mappings_of = Counter(map(id, mapped))
    in_calls = {
        id(memory): memory.references - files_of[id(memory)] - mappings_of[id(memory)]
        for memory in blocks
    }

    def details() -> Iterator[str]:
        for fd, context in contexts.items():
            yield f"descriptor {fd}: {context.device.path}"
        for fd, memory in files.items():
            yield f"descriptor {fd}: {_name(memory)}"
        for memory in blocks:
            known = files_of[id(memory)], mappings_of[id(memory)], in_calls[id(memory)]
            yield "{}: {} files, {} mappings, {} references of calls".format(_name(memory), *known)
        for context in alive.values():
            for session in context.sessions:
                yield f"session {session} of {context.device.path}"

    return Resources(
        descriptors=len(contexts) + len(files),
        contexts=sum(device.contexts for device in devices),
        memory=len(blocks),
        mappings=sum(mappings_of.values()),
        references=sum(in_calls.values()),
        sessions=sum(len(context.sessions) for context in alive.values()),
        secure_world_sessions=sum(driver.count_secure_world_sessions() for driver in drivers),
        pending_requests=sum(driver.count_pending_requests() for driver in drivers),
        details=tuple(details()),
    )


def _name(memory: SharedMemory) -> str:
    return f"shared memory {memory.id} of {memory.context.device.path}, {memory.size} bytes"
