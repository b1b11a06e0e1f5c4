# SPDX-License-Identifier: BSD-2-Clause
"""What python -m pytee_client does with a command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from pytee_client.cli import main

WALLET = """\
from pytee_client import ta

class Wallet(ta.Client, uuid="5e1f0f1d-8a4e-4c7e-9d7e-8f1a2b3c4d5e"):
    count = ta.command(0, returns=ta.U64)

class Other:
    Inner = Wallet

print("imported")
"""
UUID_MACRO = "#define A_UUID { 1, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8 } }\n"


# With it Python has no current folder in its path.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


class Ran(NamedTuple):
    status: int
    output: str
    errors: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own_wallet.py").write_text(WALLET)
    (tmp_path / "broken_wallet.py").write_text("import own_wallet\nraise OSError(1, 'a\\nb')\n")
    (tmp_path / "ending_wallet.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "needing_wallet.py").write_text("import nothing_like_this\n")
    (tmp_path / "wrong_wallet.py").write_text(
        "from pytee_client import ta\nclass W(ta.Client, uuid='x'): pass\n"
    )
    (tmp_path / "a_ta.h").write_text(f"{UUID_MACRO}#define A_CMD_B 1\n")
    return tmp_path


def run(folder: Path, *words: str, given: str = "") -> Ran:
    """Run a command line in a folder, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytee_client", *words],
        cwd=folder,
        env=ENVIRONMENT,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_header_prints_a_header_of_a_module_in_the_current_folder(folder: Path) -> None:
    ran = run(folder, "header", "own_wallet:Wallet")
    assert ran.status == 0
    assert ran.output.startswith("/*\n")
    assert "#define WALLET_CMD_COUNT 0\n" in ran.output
    # What the module prints is no part of the header.
    assert ran.errors == "imported\n"


def test_the_console_script_finds_the_current_folder_too(folder: Path) -> None:
    # As a script does it: its own folder is in the path, and not the current one.
    code = (
        "import sys; sys.path[0] = '/nowhere'; sys.argv[0] = '/usr/bin/pytee';"
        "from pytee_client.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "header", "own_wallet:Wallet"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "#define WALLET_UUID" in done.stdout


def test_a_class_may_be_in_another(folder: Path) -> None:
    assert "#define WALLET_UUID" in run(folder, "header", "own_wallet:Other.Inner").output


def test_generate_prints_a_module(folder: Path) -> None:
    ran = run(folder, "generate", "a_ta.h")
    assert (ran.status, ran.errors) == (0, "")
    assert "    b = ta.command(1)\n" in ran.output
    assert run(folder, "generate", "-", given=(folder / "a_ta.h").read_text()).output == (
        ran.output.replace("a_ta.h", "the header")
    )


def test_a_header_may_come_after_those_that_it_needs(folder: Path) -> None:
    (folder / "uuids.h").write_text(UUID_MACRO)
    (folder / "commands.h").write_text("#define A_CMD_C 2\n")
    ran = run(folder, "generate", "uuids.h", "commands.h")
    assert (ran.status, ran.errors) == (0, "")
    assert "    c = ta.command(2)\n" in ran.output


@pytest.mark.parametrize("verb", ["header own_wallet:Wallet", "generate a_ta.h"])
def test_output_goes_to_a_file_that_stays_as_it_is_if_something_is_wrong(
    folder: Path, verb: str
) -> None:
    printed = run(folder, *verb.split()).output
    ran = run(folder, *verb.split(), "--output", "made")
    assert (ran.status, ran.output) == (0, "")
    assert (folder / "made").read_text() == printed
    assert run(folder, verb.split()[0], "nothing:Here", "-o", "made").status == 1
    assert (folder / "made").read_text() == printed


WRONG = {
    "header nothing_here:Wallet": "there is no module nothing_here: look from the folder",
    "header own_wallet.py:Wallet": "there is no module own_wallet.py: name the module, own_wallet,",
    "header own_wallet.inner:Wallet": "there is no module own_wallet.inner: look from",
    "header own_wallet:Walet": "own_wallet has no Walet; own_wallet declares Wallet",
    "header own_wallet:Wallet.x.y": "own_wallet has no Wallet.x.y",
    "header own_wallet:Other": "Other of own_wallet declares no application",
    "header broken_wallet:Wallet": "broken_wallet can't be imported: PermissionError: [Errno 1] a",
    "header ending_wallet:Wallet": "ending_wallet can't be imported: SystemExit: 3",
    "header needing_wallet:Wallet": "needing_wallet can't be imported: ModuleNotFoundError: No mod",
    "header wrong_wallet:W": "wrong_wallet can't be imported: DeclarationError: the uuid of W is",
    "header own_wallet:Wallet -o /nowhere/at/all": "/nowhere/at/all can't be written: No such",
    "generate nothing.h": "nothing.h can't be read: No such file",
    "generate .": ". can't be read: Is a directory",
    "generate own_wallet.py": "own_wallet.py: it has no UUID",
}
USAGE = {
    "": "the following arguments are required: VERB",
    "nothing": "invalid choice: 'nothing'",
    "header": "the following arguments are required: MODULE:CLASS",
    "header wallet": "'wallet' is not of the form MODULE:CLASS, such as wallet:Wallet",
    "header :Wallet": "is not of the form MODULE:CLASS",
    "header ./wallet:Wallet": "is not of the form MODULE:CLASS",
    "header .wallet:Wallet": "is not of the form MODULE:CLASS",
    "header wallet:": "is not of the form MODULE:CLASS",
    "header a:B c:D": "unrecognized arguments: c:D",
    "generate": "the following arguments are required: HEADER",
}


@pytest.mark.parametrize("words", WRONG)
def test_input_that_is_wrong_is_status_1_and_one_line(folder: Path, words: str) -> None:
    ran = run(folder, *words.split())
    assert (ran.status, ran.output) == (1, "")
    line = ran.errors.removeprefix("imported\n")
    assert line.startswith(f"python -m pytee_client {words.split()[0]}: error: {WRONG[words]}")
    assert line.count("\n") == 1


@pytest.mark.parametrize("words", USAGE)
def test_a_command_line_that_is_wrong_is_status_2_and_one_line(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words.split())
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert USAGE[words] in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["header", "generate"])
def test_the_help_of_a_verb_has_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    assert caught.value.code == 0
    assert f"{verb} " in capsys.readouterr().out.partition("examples:")[2]


def test_a_module_is_utf_8_whatever_the_terminal_is(folder: Path) -> None:
    (folder / "a_ta.h").write_text(f"{UUID_MACRO}/* Zoë's */\n#define A_CMD_B 1\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytee_client", "generate", "a_ta.h"],
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert "    # Zoë's\n" in done.stdout.decode("utf-8")


def test_the_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    output = capsys.readouterr().out
    assert "  header " in output
    assert "  generate " in output


def test_a_verb_is_imported_when_it_is_used() -> None:
    code = (
        "import sys, pytee_client.cli\n"
        "assert not [one for one in sys.modules if one.startswith('pytee_client._headers')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "pytee_client", "generate", "a_ta.h"],
        cwd=folder,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + 13, "")
