# SPDX-License-Identifier: BSD-2-Clause
"""Hints of the public interface: programs can evaluate them, and checkers see what comes back."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client import typing as tee_typing
from pytee_client.fake import secure_world

TOP = Path(__file__).parents[2]
MODULES = (
    "pytee_client",
    "pytee_client.aio",
    "pytee_client.context",
    "pytee_client.devices",
    "pytee_client.enums",
    "pytee_client.errors",
    "pytee_client.fake",
    "pytee_client.fake.applications",
    "pytee_client.fake.bus",
    "pytee_client.fake.qtee",
    "pytee_client.fake.secure_world",
    "pytee_client.fake.tstee",
    "pytee_client.faults",
    "pytee_client.identity",
    "pytee_client.kernels",
    "pytee_client.memory",
    "pytee_client.operation",
    "pytee_client.parameters",
    "pytee_client.session",
    "pytee_client.session_pool",
    "pytee_client.supplicant",
    "pytee_client.ta",
    "pytee_client.ta.optee",
    "pytee_client.traces",
    "pytee_client.typing",
    "pytee_client.version",
)


def members_of(cls: type) -> Iterator[tuple[str, object]]:
    """Yield the public functions of a class of the package, and those it inherits from it."""
    for base in cls.__mro__:
        if base.__module__.split(".")[0] != "pytee_client":
            continue
        for name, member in vars(base).items():
            if name.startswith("_") and not (name.startswith("__") and name.endswith("__")):
                continue
            function = member.fget if isinstance(member, property) else member
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and function.__module__.startswith("pytee_client"):
                yield f"{base.__qualname__}.{name}", function


def public_callables() -> dict[str, object]:
    found: dict[str, object] = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        public = getattr(module, "__all__", None)
        for name in public or [name for name in vars(module) if not name.startswith("_")]:
            thing = getattr(module, name)
            if not getattr(thing, "__module__", "").startswith("pytee_client"):
                continue
            if inspect.isfunction(thing):
                found[f"{thing.__module__}.{name}"] = thing
            elif inspect.isclass(thing):
                found[f"{thing.__module__}.{name}"] = thing
                found |= {f"{thing.__module__}.{path}": it for path, it in members_of(thing)}
    return found


CALLABLES = public_callables()
# Their hints name types of NumPy and of cryptography, which are imported when they are used.
OF_OTHERS = (
    "pytee_client._declarations.memory.NDArray.",
    "pytee_client.ta.optee.attestation.AttestationKey.to_cryptography",
)


@pytest.mark.parametrize(
    "name", sorted(name for name in CALLABLES if not name.startswith(OF_OTHERS))
)
def test_the_hints_of_every_public_callable_can_be_evaluated(name: str) -> None:
    typing.get_type_hints(CALLABLES[name])


def test_the_walk_meets_what_it_is_about() -> None:
    for name in (
        "aio.context.Context.open_session",
        "aio.memory.AllocatedSharedMemory",
        "aio.session_pool.SessionPool.drain",
        "context.Sessions.open_session",
        "session.Session.__init__",
        "session_pool.SessionPool.drain",
        "memory.AllocatedSharedMemory.__new__",
        "parameters.MemrefTempOutput.__init__",
        "devices.enumeration.wait_for_device",
        "fake.kernel.kernel.Kernel.install",
        "fake.applications.hotp.Hotp",
        "fake.devices.bus.Bus.register",
        "fake.drivers.qtee.driver.Qtee.__init__",
        "fake.drivers.tstee.TrustedService.call",
        "fake.secure_world.internal_core.InternalCore.__init__",
        "faults.faulty_kernel.FaultyKernel.__init__",
        "kernels.proxy.ProxyKernel.ioctl",
        "supplicant.supplicant.Supplicant.__init__",
        "traces.player.TracePlayer.__enter__",
    ):
        assert f"pytee_client.{name}" in CALLABLES
    assert len(CALLABLES) > 600


def test_a_hint_is_the_class_itself() -> None:
    hints = typing.get_type_hints(tee.Session.__init__)
    assert hints["context"] is tee.Context
    assert typing.get_type_hints(tee.Session.invoke_command)["parameters"] is tee_typing.Parameter


def test_hints_of_the_secure_world_are_its_own_classes() -> None:
    application = typing.get_type_hints(fake.TrustedApplication)
    assert application["core"] is secure_world.InternalCore
    core = typing.get_type_hints(secure_world.InternalCore.__init__)
    assert core["world"] is secure_world.SecureWorld


def test_a_program_can_evaluate_the_hints_of_its_own_application() -> None:
    class Application(fake.TrustedApplication):
        def open_session(
            self, session: fake.ClientSession, parameters: fake.Parameters
        ) -> None: ...

    hints = typing.get_type_hints(Application.open_session)
    assert hints["parameters"] is fake.Parameters
    assert typing.get_type_hints(Application)["core"] is secure_world.InternalCore


@pytest.mark.parametrize("name", tee_typing.__all__)
def test_every_name_for_hints_is_there_at_run_time(name: str) -> None:
    assert getattr(tee_typing, name) is not None


def test_a_name_that_no_hint_needs_is_an_attribute_error() -> None:
    hints = importlib.import_module("pytee_client._hints")
    with pytest.raises(AttributeError, match=r"'pytee_client\._hints'.*'Nonsense'"):
        hints.Nonsense  # noqa: B018
