# SPDX-License-Identifier: BSD-2-Clause
"""The client of the application for secrets of programs, on the fake."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import applications
from pytee_client.fake.applications.system import System
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)

SECRET = b"a secret"
SEAL, UNSEAL = applications.AppSecrets.Command


@pytest.fixture(scope="module")
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[applications.AppSecrets])


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


@pytest.fixture
def secrets(context: tee.Context) -> Iterator[optee.AppSecrets]:
    with optee.AppSecrets(context) as opened:
        yield opened


@pytest.mark.parametrize("size", [1, 8, 4040])
def test_a_secret_comes_back_and_is_56_bytes_longer_meanwhile(
    secrets: optee.AppSecrets, size: int
) -> None:
    secret = bytes(range(256)) * 16
    sealed = secrets.seal_secret(secret[:size])
    assert len(sealed) == size + 56
    assert secret[:8] not in sealed
    assert secrets.unseal_secret(sealed) == secret[:size]


def test_a_secret_is_sealed_otherwise_each_time(secrets: optee.AppSecrets) -> None:
    assert secrets.seal_secret(SECRET) != secrets.seal_secret(SECRET)


def test_another_login_cannot_unseal_it(context: tee.Context) -> None:
    logins = [tee.Login.PUBLIC, tee.Login.USER]
    sealed = []
    for login in logins:
        with optee.AppSecrets(context, login=login) as secrets:
            sealed.append(secrets.seal_secret(SECRET))
    for login, own, other in zip(logins, sealed, sealed[::-1], strict=True):
        with optee.AppSecrets(context, login=login) as secrets:
            assert secrets.unseal_secret(own) == SECRET
            with pytest.raises(tee.SecurityError) as caught:
                secrets.unseal_secret(other)
            assert caught.value.origin == tee.Origin.TRUSTED_APP


@pytest.mark.parametrize("place", [0, 4, 8, 20, 36, 56, -1])
def test_what_has_changed_is_not_unsealed(secrets: optee.AppSecrets, place: int) -> None:
    changed = bytearray(secrets.seal_secret(SECRET))
    changed[place] ^= 1
    with pytest.raises(tee.SecurityError):
        secrets.unseal_secret(bytes(changed))


def test_what_is_cut_off_is_not_unsealed(secrets: optee.AppSecrets) -> None:
    sealed = secrets.seal_secret(SECRET)
    for size in (37, 55, 56, len(sealed) - 1):
        with pytest.raises(tee.SecurityError):
            secrets.unseal_secret(sealed[:size])


def test_the_room_is_looked_at_before_the_secret_is(secrets: optee.AppSecrets) -> None:
    with pytest.raises(tee.ShortBufferError):
        secrets.session.invoke_command(UNSEAL, bytes(100), tee.MemrefTempOutput(43))
    with pytest.raises(tee.SecurityError):
        secrets.session.invoke_command(UNSEAL, bytes(100), tee.MemrefTempOutput(44))


@pytest.mark.parametrize("size", [0, 4041])
def test_a_secret_of_a_wrong_size_is_refused_before_anything_is_sent(
    secrets: optee.AppSecrets, size: int
) -> None:
    with pytest.raises(tee.ParameterRangeError, match=rf"{size} bytes, but must be from 1 to 4040"):
        secrets.seal_secret(bytes(size))


@pytest.mark.parametrize("size", [36, 4097])
def test_what_nobody_can_have_sealed_is_refused_before_anything_is_sent(
    secrets: optee.AppSecrets, size: int
) -> None:
    with pytest.raises(tee.ParameterRangeError, match="must be from 37 to 4096"):
        secrets.unseal_secret(bytes(size))


def test_the_application_says_how_much_room_it_needs(secrets: optee.AppSecrets) -> None:
    session = secrets.session
    assert isinstance(session, tee.Session)
    sealed = secrets.seal_secret(SECRET)
    for command, content, needed in ((SEAL, SECRET, len(sealed)), (UNSEAL, sealed, len(SECRET))):
        for output in (tee.MemrefTempOutput(None), tee.MemrefTempOutput(needed - 1)):
            with pytest.raises(tee.ShortBufferError) as caught:
                session.invoke_command(command, content, output)
            assert caught.value.outputs is not None
            size = caught.value.outputs[0]
            assert isinstance(size, tee.RequiredSize)
            assert size.required == needed


@pytest.mark.parametrize(
    ("command", "size"), [(SEAL, 0), (SEAL, 4041), (UNSEAL, 0), (UNSEAL, 36), (UNSEAL, 4097)]
)
def test_the_application_itself_refuses_wrong_sizes(
    secrets: optee.AppSecrets, command: int, size: int
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        secrets.session.invoke_command(command, bytes(size), tee.MemrefTempOutput(5000))
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_another_application_cannot_unseal_it(secrets: optee.AppSecrets) -> None:
    class Other(applications.AppSecrets):
        uuid = applications.HelloWorld.uuid

    sealed = secrets.seal_secret(SECRET)
    with (
        tee.Context(backend=fake.Kernel(bundled=False, applications=[Other, System])) as other,
        other.open_session(Other.uuid) as session,
        pytest.raises(tee.SecurityError),
    ):
        session.invoke_command(UNSEAL, sealed, tee.MemrefTempOutput(100))
