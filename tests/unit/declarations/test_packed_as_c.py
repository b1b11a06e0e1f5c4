# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures lie in memory where the compiler of C puts them."""

import shutil
import subprocess
from enum import IntEnum
from typing import Annotated, Any

import pytest

from pytee_client import ta
from pytee_client._declarations.layout import layout_of


class Mode(IntEnum):
    ECB = 1


@ta.packed(aligned=True)
class Inner:
    a: ta.U8
    b: ta.U16


@ta.packed
class Tight:
    a: ta.U8
    b: ta.U32


@ta.packed(aligned=True)
class Mixed:
    a: ta.U8
    b: ta.U64
    c: ta.U16
    d: ta.F32
    e: bool
    f: ta.F64
    g: Mode
    h: Annotated[bytes, 3]
    i: Annotated[tuple[ta.U16, ...], 3]
    j: ta.TeeUuid
    k: ta.Uuid
    l: Inner  # noqa: E741
    m: Annotated[tuple[Inner, ...], 3]
    n: Tight
    o: Annotated[Mode, ta.U8]


@ta.packed(aligned=True)
class WordsAfter:
    a: ta.U32
    b: ta.U8
    rest: list[ta.U32]


@ta.packed(aligned=True)
class BytesAfter:
    a: ta.U32
    b: ta.U8
    rest: bytes


@ta.packed(aligned=True)
class StructuresAfter:
    a: ta.U8
    rest: list[Inner]


SOURCE = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdbool.h>
struct uuid { uint32_t a; uint16_t b, c; uint8_t d[8]; };
struct Inner { uint8_t a; uint16_t b; };
struct __attribute__((packed)) Tight { uint8_t a; uint32_t b; };
struct Mixed {
    uint8_t a; _Alignas(8) uint64_t b; uint16_t c; float d; bool e; _Alignas(8) double f;
    uint32_t g;
    uint8_t h[3]; uint16_t i[3]; struct uuid j; uint8_t k[16]; struct Inner l; struct Inner m[3];
    struct Tight n; uint8_t o;
};
struct WordsAfter { uint32_t a; uint8_t b; uint32_t rest[]; };
struct BytesAfter { uint32_t a; uint8_t b; uint8_t rest[]; };
struct StructuresAfter { uint8_t a; struct Inner rest[]; };
int main(void)
{
PRINTS
    return 0;
}
"""
STRUCTURES: tuple[Any, ...] = (Inner, Tight, Mixed, WordsAfter, BytesAfter, StructuresAfter)


def layout(cls: Any) -> Any:
    found = layout_of(cls)
    assert found is not None
    return found


def in_python() -> dict[str, int]:
    found: dict[str, int] = {}
    for cls in STRUCTURES:
        name, it = cls.__name__, layout(cls)
        found |= {f"{name}.{field}": offset for field, offset in it.offsets.items()}
        if it.tail is None:
            found[name] = it.size
        else:
            found[f"{name}.{it.tail[0]}"] = it.size
    return found


@pytest.fixture(scope="module")
def in_c(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Return the offsets and sizes that the compiler has."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the tests need a compiler of C"
    folder = tmp_path_factory.mktemp("layout")
    prints = [
        f'    printf("{name} %zu\\n", offsetof(struct {name.split(".")[0]}, {name.split(".")[1]}));'
        if "." in name
        else f'    printf("{name} %zu\\n", sizeof(struct {name}));'
        for name in in_python()
    ]
    (folder / "layout.c").write_text(SOURCE.replace("PRINTS", "\n".join(prints)))
    program = folder / "layout"
    subprocess.run([compiler, "-std=gnu11", "-o", program, folder / "layout.c"], check=True)
    shown = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60)
    return {line.split()[0]: int(line.split()[1]) for line in shown.stdout.splitlines()}


@pytest.mark.parametrize("name", in_python())
def test_a_field_is_where_the_compiler_puts_it(name: str, in_c: dict[str, int]) -> None:
    assert in_python()[name] == in_c[name]


def test_a_format_and_annotations_place_fields_alike() -> None:
    @ta.packed("<B x H 2x")
    class Formatted:
        a: int
        b: int

    assert layout(Formatted).offsets == layout(Inner).offsets == {"a": 0, "b": 2}
    assert layout(Formatted).size == 6


def test_an_aligned_array_has_whole_structures() -> None:
    tail = StructuresAfter(1, [Inner(2, 3), Inner(4, 5)])
    assert ta.pack(tail) == b"\1\0" + b"\2\0\3\0" + b"\4\0\5\0"
    assert ta.unpack(StructuresAfter, ta.pack(tail)) == tail
