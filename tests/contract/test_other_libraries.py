# SPDX-License-Identifier: BSD-2-Clause
"""Other libraries of the TEE in the process that pytee_client runs in."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

import pytee_client as tee
import pytee_client._native

from ..support.libraries import Plan, Report
from ..support.targets import Target

TOP = Path(__file__).parents[2]
EXTENSION = pytee_client._native.__file__
CKR_OK = 0

# Three processes start one after the other, in an emulated machine.
pytestmark = [pytest.mark.timeout(300), pytest.mark.once]


@pytest.fixture(scope="session")
def own_libteec(tmp_path_factory: pytest.TempPathFactory) -> str:
    library = tmp_path_factory.mktemp("libteec") / "libteec.so.2"
    command = ["cc", "-shared", "-fPIC", "-O2", "-Wl,-soname,libteec.so.2", "-o", str(library)]
    sources = [str(path) for path in sorted((TOP / "csrc").glob("*.c"))]
    subprocess.run([*command, *sources], check=True, timeout=60)
    return str(library)


@pytest.fixture(scope="module")
def libteec(target: Target, request: pytest.FixtureRequest) -> tuple[str, str | None]:
    """Debian's where there is a TEE for it; elsewhere this project's own, which finds none."""
    if target.is_real:
        return "libteec.so.2", None
    return request.getfixturevalue("own_libteec"), "/dev/there-is-no-tee"


def report(plan: Plan) -> Report:
    """Return what a process reports that carries out the plan."""
    told = json.dumps(dataclasses.asdict(plan))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.support.libraries", told],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return Report(**json.loads(done.stdout))


@pytest.fixture(scope="module")
def reports(target: Target, libteec: tuple[str, str | None]) -> dict[str, Report]:
    """What came of it by when pytee_client was imported."""
    plan = Plan(
        pytee_client="never",
        target=(target.name, target.device if target.is_real else target.name),
        libteec=libteec,
        libckteec="libckteec.so.0" if target.is_real else None,
        application=str(Target.HELLO_WORLD),
    )
    whens = ("never", "before", "after")
    return {when: report(dataclasses.replace(plan, pytee_client=when)) for when in whens}


def test_other_libraries_answer_by_themselves(target: Target, reports: dict[str, Report]) -> None:
    alone = reports["never"]
    assert alone.pytee_client == []
    if target.is_real:
        assert alone.libteec == [0, 0, 0, 43]
        assert alone.libckteec == [CKR_OK] * 5
        assert b"PKCS" in bytes.fromhex(alone.library_info)
        assert alone.slots
    else:
        assert alone.libteec == [tee.Result.ITEM_NOT_FOUND]
        assert alone.libckteec == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_pytee_client_answers_right_beside_other_libraries(
    reports: dict[str, Report], when: str
) -> None:
    assert reports[when].pytee_client == [2, 3, 4]


@pytest.mark.parametrize("when", ["before", "after"])
def test_other_libraries_answer_the_same_beside_pytee_client(
    reports: dict[str, Report], when: str
) -> None:
    for name in ("libteec", "libckteec", "library_info", "slots"):
        assert getattr(reports[when], name) == getattr(reports["never"], name)


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_library_calls_the_functions_of_its_own(reports: dict[str, Report], when: str) -> None:
    homes = dict(reports[when].homes)
    assert Path(homes.pop("pytee_client")).samefile(EXTENSION)
    assert homes == reports["never"].homes
    (others,) = set(homes.values())
    assert Path(others).name.startswith("libteec.so.2")
