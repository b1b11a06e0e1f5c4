# SPDX-License-Identifier: BSD-2-Clause
"""The samples of Python in README and docs, as modules that type checkers read.

    python -m tests.support.samples FOLDER

writes them.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

TOP: Final = Path(__file__).parents[2]
FENCED: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)

# What the text around samples stands for: the names that they use without making them.
_GIVEN: Final = {
    "context": 'context = cast("tee.Context", None)',
    "session": 'session = cast("tee.Session", None)',
    "buffer": "buffer = bytearray(32)",
    "folder": "folder = Path()",
    "run": 'run = cast("Callable[[tee.Context], object]", None)',
    "Transfer": """\
@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int
""",
    "Wallet": """\
@ta.packed
class Receipt:
    balance: ta.U64

class Wallet(ta.Client, uuid=""):
    count = ta.command(0, returns=ta.U64)
    add = ta.command(1, ta.InOut[ta.U64])
    transfer = ta.command(2, Transfer, returns=Receipt)
""",
    "VAULT": "VAULT = UUID(int=1)",
    "Digest": "class Digest(fake.TrustedApplication): ...",
}
_PRELUDE: Final = """\
from collections.abc import Callable
from pathlib import Path
from typing import cast
from uuid import UUID

import pytee_client as tee
from pytee_client import fake, ta

"""


# Their samples need packages that type checkers lack here; tests run them in the machine.
_RUN_IN_THE_MACHINE: Final = {"pkcs11.md"}
# Their samples are the files of a project, which a test runs and checks as one.
_PROJECTS: Final = {"pytest.md"}


class SampleText(NamedTuple):
    """A sample.

    Attributes:
        page: the page that it is on.
        number: how many samples are above it there.
        text: its text.
    """

    page: Path
    number: int
    text: str


def samples() -> list[SampleText]:
    """Return the samples of Python, page by page."""
    return [
        SampleText(page, number, textwrap.dedent(text))
        for page in (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
        if page.name not in _RUN_IN_THE_MACHINE | _PROJECTS
        for number, text in enumerate(
            text for _, language, text in FENCED.findall(page.read_text()) if language == "python"
        )
    ]


def imports_above(sample: SampleText) -> Iterator[ast.stmt]:
    """Yield the imports of the samples above it on its page."""
    for page, number, text in samples():
        if page == sample.page and number < sample.number:
            for statement in ast.parse(text).body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    yield statement


def as_module(sample: SampleText) -> str:
    """Return the source of a module: what a sample is given, and then the sample."""
    nodes = list(ast.walk(ast.parse(sample.text)))
    used = {node.id for node in nodes if isinstance(node, ast.Name) and type(node.ctx) is ast.Load}
    made = {node.id for node in nodes if isinstance(node, ast.Name) and type(node.ctx) is ast.Store}
    made |= {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    if "Wallet" in used:
        used.add("Transfer")
    given = sorted((used - made - set(dir(builtins))) & _GIVEN.keys())
    above = [ast.unparse(statement) for statement in imports_above(sample)]
    return "\n".join([_PRELUDE, *above, *(_GIVEN[name] for name in given), sample.text])


def write_modules(folder: Path) -> list[Path]:
    """Write each sample as a module into a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sample in samples():
        file = folder / f"{sample.page.stem.lower().replace('-', '_')}_{sample.number}.py"
        file.write_text(as_module(sample))
        written.append(file)
    return written


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.samples", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write them")
    for file in write_modules(parser.parse_args().folder):
        print(file)


if __name__ == "__main__":
    _main()
