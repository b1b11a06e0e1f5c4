# SPDX-License-Identifier: BSD-2-Clause
"""Modules that the verb generate made, and headers that the verb header made.

    python -m tests.unit.headers.generated FOLDER

writes the modules of the test data.
"""

from __future__ import annotations

import itertools
import platform
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pytee_client._declarations.application import Declaration, declaration_of
from pytee_client._declarations.layout import Layout, layout_of
from pytee_client._headers.skeleton import skeleton
from pytee_client._headers.writer import c_header

TOP = Path(__file__).parents[3]
DATA = Path(__file__).with_name("data")
# What the header takes of OP-TEE's.
TYPES = """\
#include <stdint.h>
typedef struct {
	uint32_t timeLow;
	uint16_t timeMid;
	uint16_t timeHiAndVersion;
	uint8_t clockSeqAndNode[8];
} TEE_UUID;
"""
PARAM_TYPES = """\
#define TEE_PARAM_TYPES(a, b, c, d) ((a) | (b) << 4 | (c) << 8 | (d) << 12)
enum {
	TEE_PARAM_TYPE_NONE = 0, TEE_PARAM_TYPE_VALUE_INPUT = 1, TEE_PARAM_TYPE_VALUE_OUTPUT = 2,
	TEE_PARAM_TYPE_VALUE_INOUT = 3, TEE_PARAM_TYPE_MEMREF_INPUT = 5,
	TEE_PARAM_TYPE_MEMREF_OUTPUT = 6, TEE_PARAM_TYPE_MEMREF_INOUT = 7,
};
"""
WARNINGS = ("-Wall", "-Wextra", "-Werror")
# 32 bits need no library: the compiler has these headers of its own. Others than Intel's have none.
SIZES = [["-m64"], ["-m32"]] if platform.machine() == "x86_64" else [[]]
COMPILERS = [
    (compiler, f"-std={language}", *size)
    for size in SIZES
    for compiler, language in (("cc", "c99"), ("cc", "c11"), ("c++", "c++11"), ("c++", "c++17"))
]

_numbers = itertools.count()


def header_of(cls: type[Any]) -> str:
    """Return the header of a declared application."""
    return c_header(declaration_of(cls), f"tests:{cls.__name__}")


def generated(text: str, name: str = "my_ta.h") -> ModuleType:
    """Return the module that is generated from a header, as it runs."""
    module = ModuleType(f"generated_{next(_numbers)}")
    # What is declared looks for the names in its annotations there.
    sys.modules[module.__name__] = module
    exec(compile(skeleton(text, name), f"{name}.py", "exec"), vars(module))
    return module


def declared_in(module: ModuleType) -> dict[str, Declaration]:
    """Return the applications of a module, by the names of their classes."""
    return {
        name: declaration_of(value)
        for name, value in vars(module).items()
        if isinstance(value, type) and hasattr(value, "__pytee_declaration__")
    }


def numbers_of(declaration: Declaration) -> dict[str, int | None]:
    """Return the numbers of the commands."""
    return {
        name: None if command.number is None else int(command.number)
        for name, command in declaration.commands.items()
    }


def layout(cls: Any) -> Layout:
    """Return how a packed structure lies in memory."""
    found = layout_of(cls)
    assert found is not None
    return found


def run_compiler(place: Path, source: str, compiler: str, *options: str) -> str:
    """Compile a source; fail if it can't be, else return what the compiler printed."""
    (place / "tee_api_types.h").write_text(TYPES)
    (place / "source.c").write_text(source)
    language = "c++" if compiler == "c++" else "c"
    freestanding = ["-ffreestanding"] if "-m32" in options else []
    done = subprocess.run(
        [compiler, "-x", language, *options, *freestanding, *WARNINGS, f"-I{place}", "source.c"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + "\n" + source
    return done.stdout


def write_modules(place: Path) -> None:
    """Write the modules of the headers of the test data."""
    place.mkdir(parents=True, exist_ok=True)
    for header in DATA.iterdir():
        text = skeleton(header.read_text(), header.name)
        (place / f"{header.stem}.py").write_text(text)


if __name__ == "__main__":
    write_modules(Path(sys.argv[1]))
