# SPDX-License-Identifier: BSD-2-Clause
"""What leaves the house: the wheel, the source distribution, and the C library by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import pytee_client

TOP = Path(__file__).parents[2]
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
TEEC_FUNCTIONS = {
    "TEEC_AllocateSharedMemory",
    "TEEC_CloseSession",
    "TEEC_FinalizeContext",
    "TEEC_InitializeContext",
    "TEEC_InvokeCommand",
    "TEEC_OpenSession",
    "TEEC_RegisterSharedMemory",
    "TEEC_RegisterSharedMemoryFileDescriptor",
    "TEEC_ReleaseSharedMemory",
    "TEEC_RequestCancellation",
}
# What tee-supplicant and libckteec import beside them.
TRACE_FUNCTIONS = {"_dprintf", "dump_buffer"}


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported_functions(library: Path) -> set[str]:
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return {line.split()[-1] for line in lines if " T " in line}


def unpack(sdist: Path, folder: Path) -> None:
    # The first releases of Python 3.10 and 3.11 have no filters.
    how: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, **how)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the source distribution from the tree, and a wheel from that."""
    made = tmp_path_factory.mktemp("dist")
    tree = tmp_path_factory.mktemp("tree") / "tree"
    hidden = shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "__pycache__", "*.so")
    shutil.copytree(TOP, tree, ignore=hidden)
    run(sys.executable, "setup.py", "-q", "sdist", "-d", made, cwd=tree)
    (sdist,) = made.glob("*.tar.gz")
    unpacked = tmp_path_factory.mktemp("unpacked")
    unpack(sdist, unpacked)
    (source,) = unpacked.iterdir()
    run(sys.executable, "setup.py", "-q", "bdist_wheel", "-d", made, cwd=source)
    (wheel,) = made.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def metadata(archives: tuple[Path, Path]) -> str:
    """Return what an index shows of the wheel."""
    with zipfile.ZipFile(archives[1]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        return wheel.read(name).decode()


def test_one_wheel_serves_every_python(archives: tuple[Path, Path]) -> None:
    _, wheel = archives
    if FREE_THREADED:
        assert "abi3" not in wheel.name
    else:
        assert re.fullmatch(r"pytee_client-[\d.]+-cp310-abi3-linux_\w+\.whl", wheel.name)


def test_the_wheel_has_the_package_and_nothing_else(
    archives: tuple[Path, Path], metadata: str
) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"pytee_client", "pytee_client_pytest.py"}
    assert {"pytee_client/py.typed", "pytee_client/fake/kernel/releases.json"} <= names
    assert sum(name.endswith(".so") for name in names) == 1
    assert not [name for name in names if name.endswith((".c", ".h", "/build.py"))]
    assert "Requires-Python: >=3.10" in metadata
    assert re.search("^License(-Expression)?: BSD-2-Clause$", metadata, re.MULTILINE)


def test_the_stubs_of_type_checkers_are_in_both_archives(archives: tuple[Path, Path]) -> None:
    stubs = {str(stub.relative_to(TOP)) for stub in (TOP / "pytee_client").rglob("*.pyi")}
    assert "pytee_client/ta/_signatures.pyi" in stubs
    sdist, wheel = archives
    with zipfile.ZipFile(wheel) as archive:
        assert stubs <= {*archive.namelist()}
    with tarfile.open(sdist) as tar:
        assert stubs <= {name.partition("/")[2] for name in tar.getnames()}


def test_the_wheel_has_the_command_line_and_the_plugin_for_pytest(
    archives: tuple[Path, Path],
) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
        assert wheel.read(name).decode().split() == [
            *("[console_scripts]", "pytee", "=", "pytee_client.cli:main"),
            *("[pytest11]", "pytee_client_pytest", "=", "pytee_client_pytest"),
        ]


def test_the_wheel_names_each_python_that_it_is_for(metadata: str) -> None:
    named = re.findall(r"^Classifier: Programming Language :: Python :: 3\.(\d+)$", metadata, re.M)
    assert list(map(int, named)) == list(range(10, 15))


def test_no_link_of_the_readme_needs_the_repository(metadata: str) -> None:
    _, readme = metadata.split("\n\n", 1)
    assert readme.startswith("# ")
    targets = re.findall(r"\]\(([^)]*)\)", readme)
    assert not [target for target in targets if not target.startswith(("https://", "#"))]


def test_the_extension_in_the_wheel_has_no_debug_symbols(
    archives: tuple[Path, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".so"))
        extension = wheel.extract(name, tmp_path)
    sections = set(re.findall(r"\] (\.\S+)", run("readelf", "-SW", extension)))
    assert ".dynsym" in sections
    assert not {name for name in sections if name == ".symtab" or name.startswith(".debug")}


def test_the_wheel_works_by_itself(archives: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(tmp_path)
        names = set(wheel.namelist())
    modules = (TOP / "pytee_client").rglob("*.py")
    assert {str(module.relative_to(TOP)) for module in modules} <= names
    script = (TOP / "examples" / "hello_world.py").read_text()
    script += "\nprint(tee.__file__)\n"
    (tmp_path / "hello.py").write_text(script)
    environment = {**os.environ, "PYTEE_CLIENT_BACKEND": "fake", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "hello.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["43", str(tmp_path / "pytee_client" / "__init__.py")]


def test_the_tests_of_a_checkout_are_of_the_package_that_is_installed(
    archives: tuple[Path, Path], tmp_path: Path
) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(installed)
    unpack(archives[0], tmp_path)
    # It has no extension.
    (checkout,) = tmp_path.glob("pytee_client-*")
    test = checkout / "tests" / "test_place.py"
    test.write_text(
        "import pytee_client\n"
        "def test_place():\n"
        f"    assert pytee_client.__file__.startswith({str(installed)!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_fresh_project_tests_its_fake_with_the_wheel_as_the_page_shows(
    archives: tuple[Path, Path], tmp_path: Path
) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(installed)
    project.mkdir()
    shown = re.findall(r"^```python\n(.*?)^```$", (TOP / "docs/pytest.md").read_text(), re.M | re.S)
    program, test = shown[:2]
    # The line that says which file it is.
    for text in (program, test):
        (project / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    assert len(re.findall(r"^[^#\n]", test, re.M)) <= 10
    options = ("-v", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--tee", "fake:optee,fake:amdtee"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for tee in ("fake:optee", "fake:amdtee"):
        assert re.search(rf"test_\w+\.py::test_\w+\[{tee}\] PASSED", done.stdout)


def test_the_source_distribution_has_what_it_is_built_and_tested_from(
    archives: tuple[Path, Path],
) -> None:
    with tarfile.open(archives[0]) as sdist:
        names = {name.split("/", 1)[-1] for name in sdist.getnames()}
    for needed in (
        "csrc/linux_tee.h",
        "pytee_client_pytest.py",
        "csrc/session.c",
        "csrc/python/build.py",
        "csrc/python/call.c",
        "tests/contract/test_values.py",
        "tests/ta/conformance/conformance.c",
        "tests/machines/optee/init",
        "examples/hello_world.py",
        "LICENSE",
    ):
        assert needed in names
    assert not [name for name in names if name.endswith((".so", ".pyc", ".o"))]


def test_the_extension_keeps_the_c_library_to_itself() -> None:
    (extension,) = Path(pytee_client.__file__).parent.glob("_native.*.so")
    exported = exported_functions(extension)
    assert not {name for name in exported if name.lower().startswith("tee")} | (
        exported & TRACE_FUNCTIONS
    )
    assert "PyInit__native" in exported


def test_the_c_library_by_itself_is_libteec(tmp_path: Path) -> None:
    library = tmp_path / "libteec.so.2"
    sources = sorted((TOP / "csrc").glob("*.c"))
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    run("cc", "-shared", "-fPIC", "-Wl,-soname,libteec.so.2", *warnings, "-o", library, *sources)
    assert exported_functions(library) == TEEC_FUNCTIONS | TRACE_FUNCTIONS
    assert "SONAME" in (dynamic := run("readelf", "-d", library))
    assert "[libteec.so.2]" in dynamic


def test_the_headers_serve_cpp_and_each_stands_alone(tmp_path: Path) -> None:
    for header in sorted((TOP / "csrc").glob("*.h")):
        source = tmp_path / f"{header.stem}.c"
        source.write_text(f'#include "{header.name}"\n')
        run("cc", "-std=c11", "-fsyntax-only", "-Wall", "-Werror", f"-I{TOP / 'csrc'}", source)
    if shutil.which("c++"):
        source = tmp_path / "client.cc"
        source.write_text('#include "tee_client_api_extensions.h"\n')
        run("c++", "-fsyntax-only", "-Wall", "-Werror", f"-I{TOP / 'csrc'}", source)
