# SPDX-License-Identifier: BSD-2-Clause
"""Commands of all shapes, and wrong uses, as a module that says what type checkers find in it.

    python -m tests.support.typed_shapes FOLDER

writes it. The shapes are all choices of which slots are arguments, arguments that come back, and
results.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

# What is declared, what is given, and the type of what comes back; one of each for each place.
_ARGUMENTS: Final = (
    ("ta.U32", "1", ""),
    ("str", '"text"', ""),
    ("Transfer", "Transfer(1)", ""),
    ("ta.Both(bool, Mode)", "(True, Mode.ONE)", ""),
)
_BOTH_WAYS: Final = (
    ("ta.InOut[ta.U64]", "2", "int"),
    ("ta.InOut[Transfer, Receipt]", "Transfer(2)", "Receipt"),
    ("ta.InOut[ta.Variable(bytes)]", 'b"bytes"', "bytes"),
    ("ta.InOut[ta.BUFFER]", "bytearray(3)", "memoryview"),
)
_RESULTS: Final = (
    ("ta.F64", "float"),
    ("Receipt", "Receipt"),
    ("ta.Variable(ta.List(Receipt))", "list[Receipt]"),
    ("Mode", "Mode"),
)
_PRELUDE: Final = '''\
# pyright: reportUnnecessaryTypeIgnoreComment=true
"""Commands of all shapes."""

from enum import IntEnum

from typing_extensions import assert_type

import pytee_client as tee
from pytee_client import aio, ta


class Mode(IntEnum):
    ONE = 1


@ta.packed("<I")
class Transfer:
    amount: int


@ta.packed
class Receipt:
    number: ta.U32


'''


# Both checkers complain of a comment on a line in which nothing is wrong.
_MISUSE: Final = """

class Wallet(ta.Client, uuid=""):
    count = ta.command(0, returns=ta.U64)
    add = ta.command(1, ta.InOut[ta.U64])
    transfer = ta.command(2, Transfer, returns=Receipt)
    mode = ta.command(3, Mode, str)
    begin = ta.opening(ta.U32, returns=ta.U64)


def misuse(wallet: Wallet, context: tee.Context, loop: aio.Context, session: aio.Session) -> None:
    wallet.count(1)  # type: ignore
    wallet.add()  # type: ignore
    wallet.add("1")  # type: ignore
    wallet.add(1, 2)  # type: ignore
    wallet.add(number=1)  # type: ignore
    wallet.add(1, nonsense=2)  # type: ignore
    wallet.add(1, timeout="1")  # type: ignore
    wallet.add(1, operation=aio.Operation())  # type: ignore
    wallet.add.submit("1")  # type: ignore
    wallet.add.submit(1, operation=None)  # type: ignore
    wallet.transfer(Receipt(1))  # type: ignore
    wallet.mode(1, "text")  # type: ignore
    wallet.mode(Mode.ONE, b"bytes")  # type: ignore
    wallet.missing()  # type: ignore
    text: str = wallet.count()  # type: ignore
    Wallet.begin(context)  # type: ignore
    Wallet.begin(context, "1")  # type: ignore
    Wallet.begin(context, 1, operation=aio.Operation())  # type: ignore
    Wallet.begin(loop, 1, operation=tee.Operation())  # type: ignore
    loop.client(int)  # type: ignore
    session.client(wallet)  # type: ignore


async def misuse_on_a_loop(wallet: ta.AsyncClient[Wallet]) -> None:
    await wallet.count(1)  # type: ignore
    await wallet.add("1")  # type: ignore
    await wallet.add(1, operation=tee.Operation())  # type: ignore
    wallet.add.submit(1)  # type: ignore
    text: str = await wallet.count()  # type: ignore


class Wrong(ta.Client, uuid=""):
    five = ta.command(0, str, str, str, str, str)  # type: ignore
    three = ta.command(1, str, str, returns=(ta.U32, ta.U32, ta.U32))  # type: ignore
    number = ta.command(2, 3)  # type: ignore
    text = ta.command("2")  # type: ignore
    both = ta.command(3, returns=ta.InOut[ta.U32])  # type: ignore
    variable = ta.command(4, ta.InOut[3])  # type: ignore
    slots = ta.command(5, slots="0")  # type: ignore
    missing = ta.command(6, retries=True)  # type: ignore
    begin = ta.opening(str, retry=False)  # type: ignore
"""


class Shape(NamedTuple):
    """A shape.

    Attributes:
        come_back: of each argument, whether it comes back.
        results: how many results are no arguments.
    """

    come_back: tuple[bool, ...]
    results: int


def shapes() -> Iterator[Shape]:
    """Yield all shapes."""
    for count in range(5):
        for come_back in product((False, True), repeat=count):
            for results in range(5 - count):
                yield Shape(come_back, results)


class _Texts(NamedTuple):
    """What is written of a shape: the declaration, the arguments, and the type of the result."""

    declared: list[str]
    given: list[str]
    result: str


def _texts(shape: Shape) -> _Texts:
    arguments = [
        (_BOTH_WAYS if comes_back else _ARGUMENTS)[number]
        for number, comes_back in enumerate(shape.come_back)
    ]
    types = [kind for _, _, kind in arguments if kind]
    declared = [text for text, _, _ in arguments]
    results = _RESULTS[: shape.results]
    types += [kind for _, kind in results]
    if len(results) == 1:
        declared.append(f"returns={results[0][0]}")
    elif results:
        declared.append(f"returns=({', '.join(text for text, _ in results)})")
    result = "None" if not types else types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"
    return _Texts(declared, [text for _, text, _ in arguments], result)


def module() -> str:
    """Return the source of the module."""
    classes = ['class Shapes(ta.Client, uuid=""):']
    calls = ["def call(client: Shapes) -> None:"]
    awaits = ["async def wait(client: ta.AsyncClient[Shapes]) -> None:"]
    openings = ["def opened(context: tee.Context, loop: aio.Context) -> None:"]
    opened_classes = []
    for number, shape in enumerate(shapes()):
        declared, given, result = _texts(shape)
        arguments = ", ".join(given)
        many = f"{arguments}, " if arguments else ""
        classes.append(f"    c{number} = ta.command({', '.join([str(number), *declared])})")
        awaited = f"await client.c{number}({arguments})"
        if result == "None":
            # Nothing can be done with it.
            calls.append(f"    client.c{number}({many}timeout=1, grace=1, operation=None)")
            calls.append(f"    assert_type(client.c{number}.submit({arguments}).result(), None)")
            awaits.append(f"    {awaited}")
        else:
            calls.append(f"    assert_type(client.c{number}({many}timeout=1, room=3), {result})")
            calls.append(
                f"    assert_type(client.c{number}.submit({arguments}).result(), {result})"
            )
            awaits.append(f"    assert_type({awaited}, {result})")
        opened_classes += [
            f'class Opened{number}(ta.Client, uuid=""):',
            f"    begin = ta.opening({', '.join(declared)})",
        ]
        context = f"context, {arguments}" if arguments else "context"
        openings += [
            f"    client{number} = Opened{number}.begin({context}, timeout=1)",
            f"    assert_type(client{number}, Opened{number})",
            f"    assert_type(client{number}.begin, {result})",
            f"    opening{number} = Opened{number}.begin({context.replace('context', 'loop')})",
            f"    assert_type(opening{number}, ta.ClientOpening[Opened{number}])",
        ]
    blocks = (classes, opened_classes, calls, awaits, openings)
    return _PRELUDE + "\n\n\n".join("\n".join(block) for block in blocks) + "\n" + _MISUSE


def write_module(folder: Path) -> Path:
    """Write the module into a folder, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "typed_shapes.py"
    file.write_text(module())
    return file


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.typed_shapes")
    parser.add_argument("folder", type=Path, help="where to write it")
    print(write_module(parser.parse_args().folder))


if __name__ == "__main__":
    _main()
