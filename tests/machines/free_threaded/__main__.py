# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests on a free-threaded Python, with the GIL off."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...support.progress import hide, working
from ..cache import default_cache
from ..process import VmError, run, say
from .interpreter import cffi_source, interpreter

TOP: Final = Path(__file__).parents[3]
# What the package is built from.
_PARTS: Final = (
    "csrc",
    "pytee_client",
    "pytee_client_pytest.py",
    "LICENSE",
    "MANIFEST.in",
    "README.md",
)
_SET_UP: Final = ("pyproject.toml", "setup.py")
_PACKAGES: Final = (
    "pytest>=8",
    "pytest-asyncio>=0.24",
    "pytest-timeout>=2",
    "pytest-xdist>=3.5",
    "numpy>=2",
    "fastapi>=0.110",
    "httpx>=0.27",
    "opentelemetry-sdk>=1.27",
    "prometheus-client>=0.20",
    "uvicorn>=0.30",
)

# The tests that this Python can't run, and why.
LEFT_OUT: Final = {
    # The lock by which one thread stops all others is not made anew in the child.
    "a child of a process whose threads run Python may hang in CPython 3.13 itself": (
        "tests/unit/test_child_processes.py::test_a_child_closes_what_it_has_of_its_parents",
        "tests/unit/test_child_processes.py::test_a_child_has_a_fake_of_its_own",
        "tests/unit/test_child_processes.py::test_a_child_can_use_its_copy_of_a_kernel",
        "tests/unit/test_child_processes.py"
        "::test_a_child_closes_what_it_has_of_a_device_that_threads_use",
        "tests/contract/test_children_of_workers.py"
        "::test_calls_of_workers_are_over_in_a_child_and_go_on_in_its_parent",
    ),
    "CPython 3.13 may keep the attributes of a class that its collector has taken": (
        "tests/unit/test_owners.py::test_a_kernel_that_ends_with_its_contexts_is_no_error",
    ),
    "ThreadSanitizer does not see how it hands objects from thread to thread": (
        "tests/unit/csrc/test_races_in_python.py",
    ),
    "it has no choice of where objects lie": (
        "tests/unit/csrc/test_stand_in.py::test_it_sees_memory_that_goes_before_its_registration",
    ),
    "mypy has no package for it": (
        "tests/unit/test_samples.py::test_every_sample_passes_mypy_strict_and_a_wrong_one_does_not",
        "tests/unit/headers/test_generate.py::test_modules_pass_mypy_strict",
        "tests/unit/pytest_plugin/test_page.py"
        "::test_the_project_of_the_page_passes_a_strict_type_checker",
        "tests/unit/ta/test_typing.py::test_mypy_knows_every_type_and_finds_every_misuse",
        "tests/unit/ta/test_types_of_parameters.py",
        "tests/unit/test_wallet_example.py::test_every_argument_and_result_has_its_type",
        "tests/unit/test_wallet_example.py::test_what_is_wrong_is_an_error_to_type_checkers",
    ),
    "the checkout is in its path, after the package": (
        "tests/unit/test_packaging.py"
        "::test_the_tests_of_a_checkout_are_of_the_package_that_is_installed",
    ),
    "uvloop has no package for it": ("tests/contract/aio/test_loops.py",),
    "they are of tools, which run on the host's own Python": ("tests/machines",),
}
# Any other reason of a test that was skipped is an error.
_SKIPPED: Final = "needs the package cryptography"


def main() -> int:
    """Run what the command line says."""
    name = "python -m tests.machines.free_threaded"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("verb", choices=["build", "test"], help="build prints where it is")
    known, arguments = parser.parse_known_args()
    try:
        python = interpreter(default_cache())
        if known.verb == "build":
            print(python)
            return 0
        with tempfile.TemporaryDirectory(prefix="free-threaded-") as folder:
            with working("making an environment"):
                environment = _environment(python, Path(folder))
            return _test(environment, arguments)
    except VmError as error:
        say(str(error))
        return 125


def _environment(python: Path, folder: Path) -> Path:
    """Make a virtual environment with the package; return its Python."""
    run([python, "-m", "venv", folder / "venv"])
    inside = folder / "venv" / "bin" / "python"
    pip = (inside, "-m", "pip", "install", "-q")
    # Their latest releases need not have a wheel for this Python.
    run([*pip, "--only-binary=:all:", "setuptools", *_PACKAGES])
    run([*pip, "--no-build-isolation", cffi_source(default_cache(), sys.executable)])
    source = folder / "source"
    source.mkdir()
    built = shutil.ignore_patterns("*.so", "*.pyc")
    for name in (*_PARTS, *_SET_UP):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, source / name, ignore=built)
        else:
            shutil.copy(TOP / name, source)
    run([*pip, "--no-build-isolation", source])
    # The programs of tests import tests, but the package as it is installed.
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "checkout.pth").write_text(f"{TOP}\n")
    return inside


def _test(python: Path, arguments: Sequence[str]) -> int:
    """Run the tests; 1 if one is skipped for a reason that is not known."""
    for reason, names in LEFT_OUT.items():
        say(f"left out, as {reason}: {', '.join(names)}")
    # pytest would import a file or a folder that it only deselects.
    left_out = [
        f"--{'deselect' if '::' in name else 'ignore'}={name}"
        for names in LEFT_OUT.values()
        for name in names
    ]
    options = ("-q", "-p", "no:cacheprovider", *left_out)
    lines: list[str] = []
    with subprocess.Popen(
        [python, "-m", "pytest", *options, *arguments],
        cwd=TOP,
        # The programs of tests must not find the checkout, which has no module for this Python.
        env={**os.environ, "PYTHON_GIL": "0", "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout
        with working("testing"):
            for line in tests.stdout:
                hide()
                print(line, end="", flush=True)
                lines.append(line)
    unknown = [line for line in lines if line.startswith("SKIPPED") and _SKIPPED not in line]
    if unknown:
        say("skipped for reasons that are not known:\n" + "".join(unknown))
    return tests.returncode or bool(unknown)


if __name__ == "__main__":
    sys.exit(main())
