# SPDX-License-Identifier: BSD-2-Clause
"""What docs/pkcs11.md shows, over this library and over Debian's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import pytee_client as tee

from ...support.samples import FENCED, TOP

if TYPE_CHECKING:
    from ...support.targets import Target

# It is about libckteec, which talks to /dev/tee0 whatever the target is.
pytestmark = [pytest.mark.real_only, pytest.mark.once, pytest.mark.optee_only]

BLOCKS = [
    (language, text)
    for _, language, text in FENCED.findall(Path(TOP, "docs/pkcs11.md").read_text())
]
SET_UP, WITH_LOGIN = (text for language, text in BLOCKS if language == "sh")
(PROGRAM,) = (text for language, text in BLOCKS if language == "python")
(EXPORT, *_) = SET_UP.splitlines()
# Where the machine has this library, and not Debian's.
OURS = "/opt/teec"
LIMIT = 60


class Run(NamedTuple):
    status: int
    text: str


def run(script: str, folder: str) -> Run:
    """Run a script of a shell over one of the two libraries."""
    made = subprocess.run(
        ["sh", "-e", "-c", f"export LD_LIBRARY_PATH={folder}\n{script}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    return Run(made.returncode, made.stdout)


def used(folder: str, text: str) -> bool:
    """Return whether a process says that it has loaded one of the libraries, and not the other."""
    libraries = {line.split()[-1] for line in text.splitlines() if "/libteec.so" in line}
    assert len(libraries) == 1, text
    return libraries.pop().startswith(f"{OURS}/") == (folder == OURS)


@pytest.mark.parametrize("folder", [OURS, ""], ids=["ours", "debian"])
def test_a_token_makes_a_key_and_signatures_that_it_verifies(
    target: Target, folder: str, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{PROGRAM}\nprint(open('/proc/self/maps').read())\n")
    made = run(f"{SET_UP}\nexec {sys.executable} {program}", folder)
    assert made.status == 0, made.text
    assert used(folder, made.text)


@pytest.mark.parametrize("folder", [OURS, ""], ids=["ours", "debian"])
def test_a_token_that_belongs_to_a_login_refuses_another_one(target: Target, folder: str) -> None:
    tool = f"{EXPORT}\npkcs11-tool --module $PKCS11_MODULE"
    made = run(f"{EXPORT}\n{WITH_LOGIN}", folder)
    assert made.status == 0, made.text
    listing = f'{tool} --token-label mine --login --pin "" --list-objects'
    mine = run(f"export CKTEEC_LOGIN_TYPE=user\n{listing}", folder)
    assert mine.status == 0, mine.text
    assert "Private Key Object" in mine.text
    for other in ("public", "group CKTEEC_LOGIN_GID=0"):
        refused = run(f"export CKTEEC_LOGIN_TYPE={other}\n{listing}", folder)
        assert refused.status != 0
        assert "CKR_PIN_INCORRECT" in refused.text


def test_a_security_officer_can_name_a_group_as_the_user_of_a_token(target: Target) -> None:
    users = f"group:{tee.client_uuid(tee.Login.GROUP, gid=0)}"
    tool = f"{EXPORT}\npkcs11-tool --module $PKCS11_MODULE --token-label mine --login"
    made = run(
        f'{EXPORT}\n{WITH_LOGIN}\n{tool} --login-type so --so-pin "" --init-pin --pin {users}',
        OURS,
    )
    assert made.status == 0, made.text
    for login, is_user in (("group CKTEEC_LOGIN_GID=0", True), ("user", False)):
        listed = run(f'export CKTEEC_LOGIN_TYPE={login}\n{tool} --pin "" --list-objects', OURS)
        assert (listed.status == 0) == is_user, listed.text


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ("CKTEEC_LOGIN_TYPE=nobody", "CKR_ARGUMENTS_BAD"),
        ("CKTEEC_LOGIN_TYPE=group", "CKR_ARGUMENTS_BAD"),
        ("CKTEEC_LOGIN_TYPE=group CKTEEC_LOGIN_GID=root", "CKR_ARGUMENTS_BAD"),
        ("CKTEEC_LOGIN_TYPE=group CKTEEC_LOGIN_GID=4321", "CKR_DEVICE_ERROR"),
    ],
)
def test_a_wrong_login_in_the_environment_is_refused(
    target: Target, wrong: str, answer: str
) -> None:
    made = run(f"{EXPORT}\nexport {wrong}\npkcs11-tool --module $PKCS11_MODULE -L", OURS)
    assert made.status != 0
    assert answer in made.text
