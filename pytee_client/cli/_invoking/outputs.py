# SPDX-License-Identifier: BSD-2-Clause
"""Outputs as text, as data, and in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..._outputs import RequiredSize, Value
from .._errors import InputError
from .files import write_file
from .forms import Form

__all__ = ["Returned", "as_ascii", "hex_dump", "returned_for", "said_of_size"]

_WIDTH: Final = 16


class Returned:
    """What came back for one parameter.

    Attributes:
        place: its slot, from 0.
        output: what came back.
        file: where it is to be written, None if it is printed.
        is_missing: whether it did not fit, though there should have been room for it.
    """

    def __init__(self, place: int, output: Any, form: Form) -> None:
        self.place = place
        self.output = output
        self.file = form.file
        self.is_missing = isinstance(output, RequiredSize) and not form.is_null

    def data(self) -> dict[str, Any]:
        """Return it for --json."""
        output = self.output
        made: dict[str, Any] = {"parameter": self.place}
        if isinstance(output, Value):
            return {**made, "a": output.a, "b": output.b}
        if isinstance(output, RequiredSize):
            return {**made, "required": output.required}
        content = bytes(output)
        made["size"] = len(content)
        return {**made, "file": self.file} if self.file else {**made, "hex": content.hex()}

    def lines(self, of: str = "") -> Iterator[str]:
        """Yield it as text; of says what it is a parameter of, if not of the command."""
        output, what = self.output, f"{of}parameter {self.place}"
        if isinstance(output, Value):
            yield f"{what}: {output.a}, {output.b} (0x{output.a:x}, 0x{output.b:x})"
        elif isinstance(output, RequiredSize):
            yield f"{what}: needs {said_of_size(output.required)}"
        else:
            content = bytes(output)
            where = f" in {self.file}" if self.file else ""
            yield f"{what}: {said_of_size(len(content))}{where}"
            if not self.file:
                yield from hex_dump(content)

    def write(self) -> InputError | None:
        """Write it to its file, if it has one and came back.

        Returns:
            what is wrong with the file, if it can't be written; the output is printed then.
        """
        if self.file and not isinstance(self.output, Value | RequiredSize):
            try:
                write_file(self.file, bytes(self.output))
            except InputError as error:
                self.file = None
                return error
        return None


def returned_for(forms: Sequence[Form], outputs: Sequence[Any]) -> list[Returned]:
    """Return what came back for each parameter, in slot order.

    Args:
        forms: the parameters.
        outputs: the outputs; none if an error has none.
    """
    places = [place for place, form in enumerate(forms) if form.comes_back]
    # An error that did not come from the TEE has none.
    return [Returned(place, one, forms[place]) for place, one in zip(places, outputs, strict=False)]


def said_of_size(size: int) -> str:
    """Say how many bytes there are."""
    return "1 byte" if size == 1 else f"{size} bytes"


def hex_dump(content: bytes) -> Iterator[str]:
    """Yield the lines of a hex dump, with the characters of ASCII beside it."""
    for at in range(0, len(content), _WIDTH):
        row = content[at : at + _WIDTH]
        # A gap in the middle, as hexdump -C has it.
        halves = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
        yield f"  {at:08x}  {halves:<49}  |{as_ascii(row)}|"


def as_ascii(content: bytes) -> str:
    """Return the characters of ASCII that bytes are, with a dot for each other byte."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in content)
