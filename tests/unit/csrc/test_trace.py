# SPDX-License-Identifier: BSD-2-Clause
"""The trace functions of the C library, which other packages of OP-TEE's import from it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[3] / "csrc"
# Each function has its own prototype, as in programs that were compiled with OP-TEE's header.
PROGRAM = r"""
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void _dprintf(const char *, int, int, const char *, const char *, ...);
void dump_buffer(const char *, const uint8_t *, size_t);

static void *other_thread(void *bytes)
{
	_dprintf(NULL, 0, 1, NULL, "another thread\n");
	dump_buffer("its buffer", bytes, 1);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	uint8_t bytes[40];
	char letters[5001];
	int level;

	for (level = 0; level < (int)sizeof(bytes); level++)
		bytes[level] = (uint8_t)(level * 6 + 1);
	memset(letters, 'x', 5000);
	letters[5000] = 0;
	setenv("TEEC_TRACE_LEVEL", "4", 1);

	errno = ENOENT;
	for (level = 1; level <= 4; level++)
		_dprintf("where", 10 * level, level, "PROG", "%d %s %lld\n",
			-level, "text", 1LL << 40);
	_dprintf("where", 50, 5, "PROG", "beyond all levels\n");
	_dprintf(NULL, 0, 0, NULL, "half ");
	_dprintf(NULL, 0, 1, "PROG", "whole %m\n");
	_dprintf(NULL, 0, 2, "PROG", "%s\n", letters);
	dump_buffer("all", bytes, sizeof(bytes));
	dump_buffer("no memory", NULL, 7);
	dump_buffer(NULL, bytes, 0);
	pthread_create(&thread, NULL, other_thread, bytes);
	pthread_join(thread, NULL);
	printf("%s\n", errno == ENOENT ? "errno is as it was" : "errno has changed");
	return 0;
}
"""
MESSAGES = [
    f"PROG {name}: where:{10 * level}: -{level} text 1099511627776"
    for level, name in enumerate(("error", "info", "debug", "flow"), 1)
]
LETTERS = "x" * 5000
DUMPS = [
    "all: 40 bytes",
    "00000000  01 07 0d 13 19 1f 25 2b 31 37 3d 43 49 4f 55 5b  |......%+17=CIOU[|",
    "00000010  61 67 6d 73 79 7f 85 8b 91 97 9d a3 a9 af b5 bb  |agmsy...........|",
    "00000020  c1 c7 cd d3 d9 df e5 eb                          |........|",
    "no memory: 7 bytes at NULL",
    "buffer: 0 bytes",
]
THREAD = "another thread"
THREAD_DUMP = ["its buffer: 1 bytes", f"00000000  01{' ' * 47}|.|"]
WHOLE = "half whole No such file or directory"


@dataclass(frozen=True)
class Printed:
    """What the program wrote to standard output and to standard error."""

    output: str
    lines: list[str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("trace")
    library, source, made = place / "libteec.so.2", place / "program.c", place / "program"
    source.write_text(PROGRAM)
    shared = ["-shared", "-fPIC", "-Wl,-soname,libteec.so.2"]
    commands: list[list[str | Path]] = [
        [*shared, *sorted(CSRC.glob("*.c")), "-o", library, "-lpthread"],
        [source, library, f"-Wl,-rpath,{place}", "-o", made, "-lpthread"],
    ]
    for command in commands:
        subprocess.run(["cc", *command], check=True, timeout=60)
    return made


def printed(program: Path, level: str | None) -> Printed:
    environment = {name: text for name, text in os.environ.items() if name != "TEEC_TRACE_LEVEL"}
    if level is not None:
        environment["TEEC_TRACE_LEVEL"] = level
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return Printed(done.stdout, done.stderr.splitlines())


@pytest.mark.parametrize("level", [None, "", "0", "5", "-1", "10", "error", " 1", "1 "])
def test_nothing_is_printed_unless_the_environment_names_a_level(
    program: Path, level: str | None
) -> None:
    assert printed(program, level).lines == []


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("1", [*MESSAGES[:1], WHOLE, THREAD]),
        ("2", [*MESSAGES[:2], WHOLE, LETTERS, THREAD]),
        ("3", [*MESSAGES[:3], WHOLE, LETTERS, *DUMPS, THREAD, *THREAD_DUMP]),
        ("4", [*MESSAGES[:4], WHOLE, LETTERS, *DUMPS, THREAD, *THREAD_DUMP]),
    ],
)
def test_messages_up_to_the_level_are_printed_whole_to_standard_error(
    program: Path, level: str, lines: list[str]
) -> None:
    assert printed(program, level).lines == lines


@pytest.mark.parametrize("level", [None, "4"])
def test_tracing_leaves_errno_and_standard_output_to_the_program(
    program: Path, level: str | None
) -> None:
    assert printed(program, level).output == "errno is as it was\n"
