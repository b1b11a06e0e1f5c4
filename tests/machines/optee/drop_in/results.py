# SPDX-License-Identifier: BSD-2-Clause
"""What came back of a machine in which everything ran over this library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..overlay import LIBTEEC
from .dependents import SONAME

_OURS = f"/{LIBTEEC}"
# The places of the files that the machine sends, by what guest.sh calls them.
RESULTS = {
    name: f"tmp/{name}"
    for name in (
        "supplicant",
        "loader",
        "over-ours",
        "over-debian",
        "silent",
        "trace",
        "public.der",
        "message",
        "signature",
    )
}

_BEGINS = re.compile(r"^file: ", re.MULTILINE)
_FOUND = re.compile(rf"^\s*{re.escape(SONAME)} => (\S+)", re.MULTILINE)
_LACKS = re.compile(r"^.*(?:undefined symbol|not found|no version information).*$", re.MULTILINE)
# What guest.sh makes Debian's tee-supplicant say, and a program with Debian's trace macros.
_TRACES = (
    r"^TEES error: \w+:\d+: .*device.*$",
    r"^MACROS error: main:\d+: an error$",
    r"^a raw error$",
    r"^MACROS info: main:\d+: some information$",
    r"^a buffer: 6 bytes$",
    r"^00000000  62 79 74 65 73 00 .*\|bytes\.\|$",
)


def complaints(files: Mapping[str, bytes], loaded: Mapping[str, str]) -> Iterator[str]:
    """Say what is not as it has to be.

    Args:
        files: what the machine sent.
        loaded: the files that the loader was to find everything for, and what they are.
    """
    texts = {
        name: files[place].decode(errors="replace")
        for name, place in RESULTS.items()
        if place in files
    }
    if lost := RESULTS.keys() - texts.keys():
        yield f"the machine sent no {', '.join(sorted(lost))}"
        return
    supplicant = texts["supplicant"].split()
    if supplicant != [_OURS]:
        yield f"tee-supplicant runs over {' and '.join(supplicant) or 'no libteec'}"
    yield from _of_loader(texts["loader"], loaded)
    yield from _of_answers(texts["over-ours"], texts["over-debian"])
    yield from _of_traces(texts["silent"], texts["trace"])


def _of_loader(text: str, loaded: Mapping[str, str]) -> Iterator[str]:
    parts = (part.partition("\n") for part in _BEGINS.split(text)[1:])
    said = {name: answer for name, _, answer in parts}
    for name, what in loaded.items():
        answer = said.get(name, "")
        library = _FOUND.search(answer)
        if library is None or library[1] != _OURS:
            yield f"{what} is loaded over {library[1] if library else 'no libteec'}"
        for line in _LACKS.findall(answer):
            yield f"{what}: {line.strip()}"


def _of_answers(ours: str, debian: str) -> Iterator[str]:
    if not ours:
        yield "programs with Debian's libraries answer nothing"
    if ours != debian:
        yield (
            f"over this library, programs with Debian's libraries answer\n{ours}"
            f"and over Debian's libteec\n{debian}"
        )


def _of_traces(silent: str, trace: str) -> Iterator[str]:
    if re.search("TEES|MACROS|raw|buffer", silent):
        yield f"this is printed although nobody asked:\n{silent}"
    for pattern in _TRACES:
        if not re.search(pattern, trace, re.MULTILINE):
            yield f"no line like {pattern!r} in what is traced:\n{trace}"
