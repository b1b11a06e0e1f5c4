# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures that annotations describe; here they are objects, and no text."""

import struct
import uuid
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Annotated, Any, ClassVar

import pytest

from pytee_client import ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


class Mode(IntEnum):
    ECB = 1
    CBC = 2


class Rights(IntFlag):
    READ = 1


@ta.packed
class Point:
    x: ta.I16
    y: ta.I16


@ta.packed
class Everything:
    small: ta.U8
    wide: ta.U64
    part: ta.F32
    mode: Mode
    short: Annotated[Mode, ta.U8]
    rights: Annotated[Rights, ta.U16]
    on: bool
    off: Annotated[bool, ta.U32]
    name: Annotated[str, 4]
    digest: Annotated[bytes, 3]
    octets: ta.Uuid
    struct: ta.TeeUuid
    plain: uuid.UUID
    point: Point
    codes: Annotated[tuple[ta.U16, ...], 2]
    points: Annotated[tuple[Point, ...], 2]


EVERYTHING = Everything(
    1, 2**40, 0.5, Mode.CBC, Mode.ECB, Rights.READ, True, False, "ab", b"xyz", ID, ID, ID,
    Point(-1, 2), (3, 4), (Point(5, 6), Point(7, 8)),
)  # fmt: skip


def test_every_annotation_has_its_bytes_one_right_after_the_other() -> None:
    content = struct.pack(
        "<BQfIBH?I4s3s16s16s16shh2H4h",
        *(1, 2**40, 0.5, 2, 1, 1, True, 0, b"ab", b"xyz", ID.bytes, ID.bytes_le, ID.bytes),
        *(-1, 2, 3, 4, 5, 6, 7, 8),
    )
    assert ta.pack(EVERYTHING) == content
    assert ta.unpack(Everything, content) == EVERYTHING
    assert ta.size_of(Everything) == len(content)


def test_big_endian_turns_numbers_round_and_those_of_a_struct_of_c_too() -> None:
    @ta.packed(endian="big")
    class Big:
        number: ta.U32
        mode: Annotated[Mode, ta.U16]
        octets: ta.Uuid
        struct: ta.TeeUuid

    given = Big(1, Mode.CBC, ID, ID)
    assert ta.pack(given) == b"\0\0\0\1\0\2" + ID.bytes + ID.bytes
    assert ta.unpack(Big, ta.pack(given)) == given


def test_a_structure_of_another_order_of_bytes_is_in_no_other() -> None:
    @ta.packed(endian="big")
    class Big:
        number: ta.U32

    kinds: list[Any] = [Big, Annotated[tuple[Big, ...], 2], list[Big]]
    for declared in kinds:
        with pytest.raises(ta.DeclarationError, match=r"Outer.it is a Big, which has another"):
            ta.packed(type("Outer", (), {"__annotations__": {"it": declared}}))


def test_a_tail_takes_all_that_is_left() -> None:
    @ta.packed
    class Blob:
        size: ta.U16
        rest: bytes

    @ta.packed
    class Note:
        kind: ta.U8
        text: Annotated[str, "latin-1"]

    @ta.packed
    class Path:
        closed: bool
        points: list[Point]

    tails: list[tuple[Any, Any, bytes]] = [
        (Blob, Blob(1, b"abc"), b"\1\0abc"),
        (Blob, Blob(1, b""), b"\1\0"),
        (Note, Note(2, "\xe9"), b"\2\xe9"),
        (Path, Path(True, []), b"\1"),
        (Path, Path(True, [Point(1, 2), Point(3, 4)]), b"\1" + struct.pack("<4h", 1, 2, 3, 4)),
    ]
    for cls, given, content in tails:
        assert ta.pack(given) == content
        assert ta.unpack(cls, content) == given
    assert ta.size_of(Path) == 1
    with pytest.raises(ta.ContentError, match="0 bytes, but Blob has at least 2"):
        ta.unpack(Blob, b"")
    with pytest.raises(ta.ContentError, match="5 bytes are no whole number of 4"):
        ta.unpack(Path, b"\1" + b"12345")
    with pytest.raises(ParameterRangeError, match=r"Path.points\[1\].y is 65536"):
        ta.pack(Path(True, [Point(1, 2), Point(3, 65536)]))
    with pytest.raises(ParameterTypeError, match=r"Path.points must be a list or a tuple"):
        ta.pack(Path(True, "ab"))  # type: ignore[arg-type]


def test_text_ends_at_the_first_zero_in_every_encoding() -> None:
    @ta.packed
    class Names:
        narrow: Annotated[str, 6]
        wide: Annotated[str, 8, "utf-16-le"]

    given = Names("ab", "ab")
    assert ta.pack(given) == b"ab\0\0\0\0a\0b\0\0\0\0\0"
    assert ta.unpack(Names, ta.pack(given)) == given
    # What a C program leaves behind it need be no text.
    assert ta.unpack(Names, b"ab\0\xff\xff\xffa\0b\0\0\0\0\xd8") == given
    # A zero that is half of a letter ends nothing.
    assert ta.unpack(Names, b"abcdef" + "\u0100\u0041".encode("utf-16-le") + bytes(4)).wide == "ĀA"
    with pytest.raises(ta.ContentError, match="it is no text in utf-8"):
        ta.unpack(Names, b"\xff" * 6 + bytes(8))


def test_a_class_is_a_dataclass_with_default_values_and_methods() -> None:
    @ta.packed
    class Request:
        owner: uuid.UUID = ID
        mode: Mode = Mode.ECB
        limit: ClassVar[int] = 3

        def doubled(self) -> int:
            return self.mode * 2

    assert ta.size_of(Request) == 20
    assert ta.unpack(Request, ta.pack(Request(mode=Mode.CBC))).doubled() == 4
    assert repr(Request()).endswith("mode=<Mode.ECB: 1>)")


def test_a_derived_structure_has_the_fields_of_its_base_first() -> None:
    @ta.packed
    class Line(Point):
        length: ta.U8

    @ta.packed("<hhB")
    class Formatted(Point):
        length: int

    @ta.packed
    class Narrow(Point):
        y: ta.I8

    assert ta.pack(Line(1, 2, 3)) == ta.pack(Formatted(1, 2, 3)) == b"\1\0\2\0\3"
    assert ta.unpack(Line, b"\1\0\2\0\3") == Line(1, 2, 3)
    assert ta.pack(Narrow(1, 2)) == b"\1\0\2"
    with pytest.raises(ParameterRangeError, match=r"Line.y is 99999"):
        ta.pack(Line(1, 99999, 3))

    class Undecorated(Point):
        pass

    with pytest.raises(ta.DeclarationError, match="Undecorated is no packed structure"):
        ta.pack(Undecorated(1, 2))


def test_a_packed_structure_can_be_derived_of_a_dataclass() -> None:
    @dataclass
    class Base:
        x: ta.U8

    @ta.packed
    class Derived(Base):
        y: ta.U8

    assert ta.pack(Derived(1, 2)) == b"\1\2"


def test_what_the_class_refuses_is_no_content_of_it_and_is_not_shown() -> None:
    @ta.packed
    class Even:
        number: ta.U16

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError(f"{self.number} is odd")

    @ta.packed
    class Named(Even):
        name: Annotated[str, 1]

    classes: list[tuple[Any, bytes]] = [(Even, b"\7\0"), (Named, b"\7\0a")]
    for cls, content in classes:
        with pytest.raises(ta.ContentError, match="refuses what a field holds") as caught:
            ta.unpack(cls, content)
        assert "7" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (int, "One.x is int: annotate it with a number such as ta.U32"),
        (float, "One.x is float: annotate"),
        (list, "One.x is list: annotate"),
        (dict[str, int], "annotate it with a number"),
        (tuple[ta.U8, ta.U8], "annotate it with a number"),
        (Annotated[bytes, -1], "One.x has the size -1"),
        (Annotated[str, 4, 5], "One.x has two sizes"),
        (Annotated[str, 4, "klingon"], "Python has no encoding 'klingon'"),
        (Annotated[str, "klingon"], "Python has no encoding 'klingon'"),
        (Annotated[str, "utf-8", "latin-1"], "One.x has two encodings"),
        (Annotated[ta.U32, 4], r"Annotated\[tuple\[KIND, ...\], COUNT\]"),
        (Annotated[Point, 4], "One.x is Point, which has no other size"),
        (Annotated[ta.U32, ta.U8], "One.x is U32, which does not lie in U8"),
        (Annotated[Mode, ta.U8, ta.U16], "One.x lies in two numbers"),
        (Annotated[Mode, ta.F32], "Mode lies in a whole number, not in F32"),
        (Annotated[bool, ta.F64], "bool lies in a whole number, not in F64"),
        (Annotated[list[ta.U8], 4], "annotate all that follows as list"),
        (tuple[ta.U8, ...], "annotate all that follows as list"),
        (list[bytes], "One.x has items that have no fixed size"),
        (list[Annotated[bytes, 0]], "One.x has items that have no fixed size"),
        (Annotated[tuple[list[ta.U8], ...], 2], "One.x has items that have no fixed size"),
        ("Missing", "an annotation that Python can't evaluate: name 'Missing'"),
        ("1 +", "an annotation that Python can't evaluate"),
        ("ta.U99", "an annotation that Python can't evaluate"),
    ],
)
def test_a_wrong_annotation_is_refused_when_the_class_is_made(declared: Any, text: str) -> None:
    with pytest.raises(ta.DeclarationError, match=text):
        ta.packed(type("One", (), {"__annotations__": {"x": declared}, "__module__": __name__}))


def test_a_structure_needs_fields_that_are_taken_by_position() -> None:
    class Nothing:
        pass

    class Late:
        x: ta.U8 = field(kw_only=True)

    class Made:
        x: ta.U8 = field(init=False)

    with pytest.raises(ta.DeclarationError, match="Nothing has no fields"):
        ta.packed(Nothing)
    for wrong in (Late, Made):
        with pytest.raises(ta.DeclarationError, match=r"\.x has to be taken by position"):
            ta.packed(wrong)
    with pytest.raises(ta.DeclarationError, match='"little" or "big", not \'middle\''):
        ta.packed(endian="middle")(Late)  # type: ignore[call-overload]


def test_nothing_comes_after_a_tail_and_none_is_in_another_structure() -> None:
    @ta.packed
    class Tailed:
        rest: bytes

    with pytest.raises(ta.DeclarationError, match=r"Two.y comes after x, which takes all"):
        ta.packed(type("Two", (), {"__annotations__": {"x": bytes, "y": ta.U8}}))
    with pytest.raises(ta.DeclarationError, match="Tailed has no fixed size"):
        ta.packed(type("Two", (), {"__annotations__": {"x": Tailed, "y": ta.U8}}))
