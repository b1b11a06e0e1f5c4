# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's applications and their clients agree on stands once."""

from __future__ import annotations

import inspect
import pickle
from enum import IntEnum
from typing import Any

import pytest

from pytee_client.fake import applications
from pytee_client.ta import optee

# Where the two ends have other names. The client of aes is for all releases.
FAKES: dict[str, Any] = {"Aes": applications.Aes49}
OTHER_NAMES = {
    "ApduCase": (optee.ApduCase, applications.Apdu.Case),
    "PpiFunction": (optee.PpiFunction, applications.Ftpm.PpiFunction),
    "Scp03Keys": (optee.Scp03Keys, applications.Scp03.Keys),
}


def is_enumeration(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, IntEnum)


def enumerations_of_both_ends() -> dict[str, tuple[Any, Any]]:
    """Return the enumerations that a client and its fake have, by the names in the client."""
    found: dict[str, tuple[Any, Any]] = {**OTHER_NAMES}
    for name in optee.__all__:
        client = getattr(optee, name)
        of_fake = FAKES.get(name, getattr(applications, name, None))
        for each in dir(client) if inspect.isclass(client) else ():
            ends = (getattr(client, each, None), getattr(of_fake, each, None))
            if all(map(is_enumeration, ends)):
                found[f"{name}.{each}"] = ends
    return found


ENUMERATIONS = enumerations_of_both_ends()


def test_the_walk_meets_what_it_is_about() -> None:
    assert {"Aes.Mode", "Ecdh.Curve", "Sha.KeyType", "Statistics.Allocator"} < {*ENUMERATIONS}
    assert len(ENUMERATIONS) >= 15


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_a_client_and_its_fake_have_the_same_enumeration(name: str) -> None:
    of_client, of_fake = ENUMERATIONS[name]
    assert of_fake is of_client


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_an_enumeration_has_the_name_that_programs_write(name: str) -> None:
    assert ENUMERATIONS[name][0].__qualname__ == name


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_members_of_an_enumeration_can_be_pickled(name: str) -> None:
    for member in ENUMERATIONS[name][0]:
        assert pickle.loads(pickle.dumps(member)) is member
