# SPDX-License-Identifier: BSD-2-Clause
"""What races in the extension, as ThreadSanitizer sees it: Python's threads, and its own."""

from __future__ import annotations

import functools
import os
import runpy
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import pytee_client

from ...support.programs import program
from ...support.stand_in.library import library
from .test_programs import CSRC, LIMIT
from .test_races import COMPILE, prefix

NO_LOCK = """\
#define _GNU_SOURCE 1
#include <pthread.h>
int no_lock(pthread_mutex_t *lock) { return !lock; }
"""

# The scenarios on a device that registers memory, and on one that has memory of its own.
SCRIPT = """
import sys
import warnings
folder, file, library, rounds = sys.argv[1:]
sys.path.insert(0, folder)
from pathlib import Path
from uuid import UUID
import pytee_client as tee
from pytee_client.kernels import uapi
from tests.support.stand_in import StandIn
from tests.support.together import SCENARIOS, Service, forgetting

assert tee.__file__.startswith(folder), tee.__file__
warnings.simplefilter("ignore")
device = StandIn(Path(file), Path(library))
context = lambda: tee.Context(device.path, backend="linux")
changed = lambda data: bytes(byte ^ 0xFF for byte in data)
for memory in (uapi.TEE_GEN_CAP_REG_MEM | uapi.TEE_GEN_CAP_MEMREF_NULL, 0):
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP | memory)
    service = Service(context, UUID(int=1), UUID(int=2), 0, changed, int(rounds))
    for scenario in (*SCENARIOS, forgetting):
        scenario(service)
"""


@functools.cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="races-")


def package(name: str, *options: str) -> Path:
    """Copy the package, with an extension that is made with ThreadSanitizer; return where it is."""
    folder = Path(_home().name) / name
    here = Path(pytee_client.__file__).parent
    ignored = shutil.ignore_patterns("_native.*.so", "__pycache__")
    shutil.copytree(here, folder / here.name, ignore=ignored)
    build: dict[str, Any] = runpy.run_path(str(CSRC / "python" / "build.py"))
    source = folder / "native.c"
    build["ffibuilder"].emit_c_code(str(source))
    if options:
        source.write_text(NO_LOCK + source.read_text())
    headers = [f"-I{CSRC}", f"-I{sysconfig.get_path('include')}"]
    if not build["FREE_THREADED"]:
        headers.append("-DPy_LIMITED_API=0x030a0000")
    target = folder / here.name / ("_native" + sysconfig.get_config_var("EXT_SUFFIX"))
    flags = [*COMPILE[:-3], "-fPIC", "-fvisibility=hidden", *headers, *options]
    made = [folder / "native.o", *(folder / f"{Path(one).stem}.o" for one in build["SOURCES"])]
    subprocess.run([*flags, "-c", source, "-o", made[0]], timeout=LIMIT, check=True)
    plain = [one for one in flags if one not in options]
    for one, place in zip(build["SOURCES"], made[1:], strict=True):
        unit = CSRC.parent / one
        subprocess.run([*plain, "-c", unit, "-o", place], timeout=LIMIT, check=True)
    link = ["cc", "-shared", "-fsanitize=thread", "-pthread", *made, "-o", target]
    subprocess.run(link, timeout=LIMIT, check=True)
    return folder


def said(folder: Path, rounds: int = 10) -> tuple[str, int]:
    """Run the scenarios with the package that is there; return what was printed, and the status."""
    runtime = subprocess.run(
        ["cc", "-print-file-name=libtsan.so"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    ).stdout.strip()
    # Of what Python does itself, only what it waits for and lets go counts.
    options = "ignore_noninstrumented_modules=1 halt_on_error=1"
    own = {
        "LD_PRELOAD": f"{Path(runtime).resolve()} {library()}",
        "PYTEE_STAND_IN": str(folder / "tee0"),
        "TSAN_OPTIONS": options,
    }
    arguments = (str(folder), str(folder / "tee0"), str(library()), str(rounds))
    done = subprocess.run(
        [*prefix(), *program(SCRIPT, *arguments)],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.stdout, done.returncode


def test_nothing_in_the_extension_races() -> None:
    assert said(package("whole")) == ("", 0)


def test_the_lock_of_the_workers_shows_if_it_is_missing() -> None:
    without = ("-Dpthread_mutex_lock=no_lock", "-Dpthread_mutex_unlock=no_lock")
    output, status = said(package("unlocked", *without))
    assert "data race" in output
    assert "csrc/python/" in output
    assert status
