# SPDX-License-Identifier: BSD-2-Clause
"""Clients of what this OP-TEE is built without."""

from __future__ import annotations

import pytest

import pytee_client as tee
from pytee_client import aio, ta
from pytee_client.ta import optee

from ...support.loops import on_loop
from ...support.targets import Target

pytestmark = pytest.mark.optee_only

ABSENT: tuple[type[ta.Client], ...] = (
    optee.Apdu,
    optee.AppSecrets,
    optee.Attestation,
    optee.Ftpm,
    optee.Scp03,
)


@pytest.mark.parametrize("client", ABSENT)
def test_opening_a_client_says_that_the_application_is_not_there(
    context: tee.Context, client: type[ta.Client]
) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError, match=str(client.uuid)) as caught:
        client(context)
    assert caught.value.origin == tee.Origin.TEE


@pytest.mark.once
@on_loop
async def test_an_awaitable_client_says_the_same(target: Target) -> None:
    async with aio.Context(target.device, backend=target.backend) as context:
        with pytest.raises(tee.TrustedApplicationNotFoundError) as caught:
            await context.client(optee.Attestation)
    assert caught.value.origin == tee.Origin.TEE
