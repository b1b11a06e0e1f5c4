# SPDX-License-Identifier: BSD-2-Clause
"""Parameter types as the application sees them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import NONE, Kind
from ...support.conformance import Command

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)


@pytest.mark.assertion("PT-06", "PT-01")
def test_any_mix_of_kinds_reaches_the_application_as_it_is(c_context: Any, c_session: Any) -> None:
    block, data = c.allocated(c_context, bytes(16)), c.ffi.new("char[16]")
    fields = {
        Kind.VALUE_INPUT: (1, 2),
        Kind.TEMP_INOUT: (data, 16),
        Kind.WHOLE: (block, 0, 0),
        Kind.PARTIAL_OUTPUT: (block, 4, 8),
    }
    slots = [NONE, *((int(kind), value) for kind, value in fields.items())]
    for before, after in itertools.product(slots, repeat=2):
        for look in range(3):
            mixed = [before, NONE, after]
            mixed.insert(look, (Kind.VALUE_OUTPUT, (0, 0)))
            operation = c.operation(*mixed)
            assert c.invoke(c_session, Command.MEMREF_LOOK, operation) == DONE
            seen = operation.params[look].value.b
            kinds = [kind for kind, _ in mixed]
            # What the client calls whole and partial are memrefs to the application.
            as_seen = [{Kind.WHOLE: 7, Kind.PARTIAL_OUTPUT: 6}.get(k, k) for k in kinds]  # type: ignore[call-overload]
            assert [seen >> 4 * slot & 15 for slot in range(4)] == as_seen
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("PT-07")
def test_an_unused_parameter_is_neither_read_nor_written(observed: Observed) -> None:
    operation = c.ffi.new("TEEC_Operation *")
    garbage = b"\xff" * c.ffi.sizeof("TEEC_Parameter")
    for slot in range(4):
        c.ffi.buffer(c.ffi.addressof(operation, "params", slot))[:] = garbage
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
    for slot in range(4):
        assert bytes(c.ffi.buffer(c.ffi.addressof(operation, "params", slot))) == garbage
    (request,) = observed.kernel.requests(uapi.TEE_IOC_INVOKE)
    assert request.params == []


@pytest.mark.assertion("PT-08")
@pytest.mark.optee_only
def test_the_type_says_which_member_is_used(observed: Observed) -> None:
    """The same bytes: a value of 0 and 0, an empty reference to NULL, one without parent."""
    expected = {
        Kind.VALUE_INOUT: DONE,
        Kind.TEMP_INOUT: DONE,
        Kind.WHOLE: (tee.Result.BAD_PARAMETERS, tee.Origin.API),
        Kind.PARTIAL_INOUT: (tee.Result.BAD_PARAMETERS, tee.Origin.API),
    }
    for kind, outcome in expected.items():
        operation = c.ffi.new("TEEC_Operation *", {"paramTypes": kind})
        assert c.invoke(observed.session, Command.NOTHING, operation) == outcome
    sent = [request.params[0] for request in observed.kernel.requests(uapi.TEE_IOC_INVOKE)]
    assert sent == [(3, 0, 0, 0), (7, 0, 0, uapi.TEE_MEMREF_NULL)]
