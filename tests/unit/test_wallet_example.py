# SPDX-License-Identifier: BSD-2-Clause
"""The example of a declared application is short, runs, and is typed to the end."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from ..support.samples import TOP

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

EXAMPLE = TOP / "examples" / "wallet.py"
MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10")
# Each line, and what it is to type checkers.
REVEALED = {
    "wallet.count()": "int",
    "wallet.add(1)": "int",
    "wallet.transfer(Transfer(1, 2, 3))": "wallet.Receipt",
    "wallet.freeze(True)": "None",
    'wallet.get("Ada")': "bytes",
    "wallet.list()": "list[wallet.Receipt]",
}
WRONG = (
    'wallet.add("1")',
    "wallet.transfer(3)",
    "wallet.freeze()",
    "class Wrong(fake.TrustedApplication, implements=Transfer): ...",
    "class Other(fake.TrustedApplication, implements=wallet): ...",
)


def run(*command: str) -> str:
    done = subprocess.run(
        command, cwd=TOP, capture_output=True, text=True, check=False, timeout=100
    )
    return done.stdout + done.stderr


def check(folder: Path, lines: Iterable[str]) -> str:
    """Return what mypy says of lines with a wallet; the first is line 5."""
    example = folder / "wallet.py"
    example.write_text(EXAMPLE.read_text())
    checked = folder / "checked.py"
    checked.write_text(
        "from pytee_client import fake\nfrom wallet import *\n\ndef use(wallet: Wallet) -> None:\n"
        + "".join(f"    {line}\n" for line in lines)
    )
    return run(*MYPY, f"--cache-dir={folder / 'cache'}", str(checked), str(example))


def test_it_runs() -> None:
    lines = run(sys.executable, str(EXAMPLE)).splitlines()
    assert lines[0] == "200 Receipt(number=1, balance=70)"
    assert lines[-2:] == [
        "invoking command transfer (2) of Wallet: FROZEN (0x80000001, TRUSTED_APP)",
        "97",
    ]


def test_six_commands_and_their_fake_take_less_than_40_lines() -> None:
    text = EXAMPLE.read_text()
    declared = text[text.index("UUID =") : text.index("def main")]
    assert declared.count("ta.command(") == 6
    assert len([line for line in declared.splitlines() if line]) < 40


def test_every_argument_and_result_has_its_type(tmp_path: Path) -> None:
    found = check(tmp_path, (f"reveal_type({line})" for line in REVEALED))
    for number, revealed in enumerate(REVEALED.values(), 5):
        assert re.search(
            rf'checked\.py:{number}: note: .*"(builtins\.)?{re.escape(revealed)}"', found
        ), found
    assert ": error:" not in found


def test_what_is_wrong_is_an_error_to_type_checkers(tmp_path: Path) -> None:
    found = check(tmp_path, WRONG)
    for number in range(5, 5 + len(WRONG)):
        assert f"checked.py:{number}: error:" in found, found
    assert found.count("wallet.py:") == 0
