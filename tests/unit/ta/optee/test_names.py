# SPDX-License-Identifier: BSD-2-Clause
"""The names of well-known applications, and which names the package has."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client._known_applications import WELL_KNOWN
from pytee_client.fake import applications
from pytee_client.ta import optee

from ....support.bare_python import BARE_PYTHON, environment

CLIENTS: dict[str, type[ta.Client]] = {
    name: found
    for name in optee.__all__
    if inspect.isclass(found := getattr(optee, name)) and issubclass(found, ta.Client)
}


def test_every_name_leads_to_its_uuid_and_back() -> None:
    assert len(optee.NAMES) == len(WELL_KNOWN) >= 69
    for uuid, name in optee.NAMES.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert optee.uuid_of(name) == uuid
        assert optee.name_of(uuid) == optee.name_of(str(uuid)) == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("device", "7011a688-ddde-4053-a5a9-7b3c4ddf13b8"),
        ("stats", "d96a5b40-e2c7-b1af-8794-1002a5d5c61b"),
        ("pkcs11", "fd02c9da-306c-48c7-a49c-bbd827ae86ee"),
        ("imx_ocotp", "9abdf255-d8fa-40de-8f60-4d0b27927b7d"),
        ("imx_digprog", "bfdbe409-3302-4abf-99bc-5f623226a739"),
        ("imx_dek_blob", "ef477737-0db1-4a9d-8437-f2f535c0bd92"),
        ("imx_manufacturing_protection", "83268b7c-85e3-11e8-adc0-fa7ae01bbebc"),
        ("rk_secure_boot", "5cfa57f6-1a4c-407f-94a7-a56c8c47019d"),
        ("versal_loader", "a6b493c0-e100-4a13-9b00-bce42d53ced8"),
        ("k3_otp_keywriting", "acc50f40-0613-4abd-8dfe-a964cb74eb69"),
        ("stm32mp_bsec", "94cf71ad-80e6-40b5-a7c6-3dc501eb2803"),
        ("qcom_pas", "cff7d191-7ca0-4784-af13-48223b9a4fbe"),
    ],
)
def test_an_application_of_op_tee_or_of_a_board_has_its_name(name: str, text: str) -> None:
    assert optee.uuid_of(name) == UUID(text)


def test_an_unknown_uuid_has_no_name() -> None:
    assert optee.name_of(uuid4()) is None


def test_an_unknown_name_is_said_with_those_that_are_like_it() -> None:
    with pytest.raises(LookupError, match="'hello_wrld': did you mean 'hello_world'"):
        optee.uuid_of("hello_wrld")
    with pytest.raises(LookupError, match="; NAMES has them"):
        optee.uuid_of("?!")


@pytest.mark.parametrize(
    ("call", "wrong", "kind"),
    [
        (optee.name_of, b"stats", tee.ParameterTypeError),
        (optee.name_of, 3, tee.ParameterTypeError),
        (optee.name_of, "stats", ValueError),
        (optee.uuid_of, optee.uuid_of("stats"), tee.ParameterTypeError),
        (optee.uuid_of, None, tee.ParameterTypeError),
    ],
)
def test_what_is_no_uuid_and_no_name_is_refused(call: Any, wrong: Any, kind: type[Any]) -> None:
    with pytest.raises(kind):
        call(wrong)


def test_the_names_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        optee.NAMES[uuid4()] = "mine"  # type: ignore[index]


def test_what_a_program_declares_is_not_well_known() -> None:
    uuid = uuid4()

    class Mine(ta.Client, uuid=uuid):
        nothing = ta.command(0)

    assert optee.name_of(Mine.uuid) is None


@pytest.mark.parametrize("name", CLIENTS)
def test_the_application_of_a_client_is_well_known(name: str) -> None:
    assert CLIENTS[name].uuid in optee.NAMES


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_says_what_it_was_tried_on_and_what_its_commands_do(name: str) -> None:
    client = CLIENTS[name]
    text = " ".join((client.__doc__ or "").split())
    assert re.search("ried (on the fake alone|on real OP-TEE|with an application of)", text)
    assert " may open it" in text
    assert "Source: " in text
    for command in client.__pytee_declaration__.commands.values():
        assert f"{command.name}: command {command.number}: " in text


# The client of aes is for all releases.
FAKES: dict[str, Any] = {
    **{one.__name__: one for one in applications.PSEUDO_APPLICATIONS},
    **{name: getattr(applications, name) for name in applications.__all__},
    "Aes": applications.Aes49,
}
# What a client of the normal world can not use.
FOR_APPLICATIONS = {"Attestation": {2}}


@pytest.mark.parametrize("name", [name for name in CLIENTS if hasattr(FAKES.get(name), "Command")])
def test_a_client_has_the_commands_of_its_fake(name: str) -> None:
    client = CLIENTS[name]
    commands = client.__pytee_declaration__.commands.values()
    assert client.uuid == FAKES[name].uuid
    served = {int(one) for one in FAKES[name].Command} - FOR_APPLICATIONS.get(name, set())
    assert {command.number for command in commands} == served


@pytest.mark.parametrize("name", CLIENTS)
def test_the_page_has_a_client(name: str) -> None:
    page = Path(__file__).parents[4] / "docs" / "applications.md"
    assert re.search(rf"^\|[^|]*`{name}`[^|]*\|", page.read_text(), re.M)


def test_a_client_is_imported_when_it_is_asked_for() -> None:
    script = (
        "import sys; from pytee_client.ta import optee;"
        "loaded = lambda: [m.rpartition('.')[2] for m in sys.modules if '.ta.optee.' in m];"
        "print(loaded()); optee.Hotp; print(loaded());"
        "print(set(optee.__all__) <= set(dir(optee)))"
    )
    done = subprocess.run(
        [*BARE_PYTHON, script],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split("\n")[:3] == ["[]", "['hotp']", "True"]


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Hotq'"):
        optee.Hotq  # noqa: B018


def test_a_missing_application_is_named() -> None:
    with (
        tee.Context(backend=fake.Kernel(bundled=False)) as context,
        pytest.raises(tee.TrustedApplicationNotFoundError, match="statistics"),
    ):
        optee.Statistics(context)
