# SPDX-License-Identifier: BSD-2-Clause
"""Making kernels: by names of TEEs or drivers, with applications; and the default ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld, SecureStorage
from pytee_client.fake.applications.pseudo_applications import Statistics
from pytee_client.fake.tstee import TsTee

from ...support.raw_device import RawDevice


class Own(fake.TrustedApplication):
    uuid = UUID("2b8f5a5e-7f3b-4c38-9b0a-5d1c4b9ae7f1")


class OtherHelloWorld(fake.TrustedApplication):
    uuid = HelloWorld.uuid


def opens(kernel: fake.Kernel, *uuids: UUID, device: str = "/dev/tee0") -> bool:
    """Return whether sessions open with all of these applications; they must with all or none."""
    answers = set()
    with tee.Context(device, backend=kernel) as context:
        for uuid in uuids:
            try:
                context.open_session(uuid).close()
                answers.add(True)
            except (tee.ItemNotFoundError, tee.OutOfMemoryError):
                answers.add(False)
    (answer,) = answers
    return answer


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee", "tstee"])
def test_all_names_of_a_profile_and_release_are_one_default_kernel(profile: str) -> None:
    newest = fake.LinuxRelease.default()
    names = [profile, f"{profile}@{newest.series}", f"{profile}@{newest.version}"]
    kernels = {fake.default_kernel(name) for name in names}
    assert len(kernels) == 1
    assert kernels.pop().release == newest


def test_contexts_with_either_name_of_a_kernel_see_the_same_applications() -> None:
    with fake.default_kernel("optee@6.12").installed(Own):
        with tee.Context("fake:optee") as context, context.open_session(Own.uuid):
            pass
        with tee.Context("fake:") as context, context.open_session(Own.uuid):
            pass
    with tee.Context("fake:") as context, pytest.raises(tee.ItemNotFoundError):
        context.open_session(Own.uuid)


def test_another_release_or_profile_is_another_default_kernel() -> None:
    names = ["optee", "optee@7.2", "optee-no-reg-mem", "amdtee", "amdtee@7.2"]
    kernels = [fake.default_kernel(name) for name in names]
    assert len(set(kernels)) == len(names)
    assert kernels[1].release == fake.LinuxRelease.named("7.2")


def test_a_new_kernel_is_never_the_default_one() -> None:
    assert fake.Kernel() is not fake.default_kernel()
    assert fake.Kernel() is not fake.Kernel()


@pytest.mark.parametrize(
    "profile", ["optee", "optee-no-reg-mem", "optee@7.2", "amdtee", "amdtee@7.2"]
)
def test_a_kernel_has_its_bundled_applications_and_those_that_it_is_given(profile: str) -> None:
    assert opens(fake.Kernel(profile, applications=[Own]), Own.uuid, HelloWorld.uuid)


def test_a_kernel_without_a_name_is_the_default_tee() -> None:
    assert opens(fake.Kernel(applications=[Own]), Own.uuid, HelloWorld.uuid, Statistics.uuid)


@pytest.mark.parametrize("driver", [fake.Optee, fake.AmdTee])
def test_a_driver_brings_the_same_applications_as_its_name(driver: type[Any]) -> None:
    assert opens(fake.Kernel(driver(), applications=[Own]), Own.uuid, HelloWorld.uuid)
    assert opens(fake.Kernel(driver(applications=[Own])), Own.uuid, HelloWorld.uuid)


def test_a_kernel_can_have_no_bundled_applications() -> None:
    kernel = fake.Kernel(bundled=False, applications=[Own])
    assert opens(kernel, Own.uuid)
    assert not opens(kernel, HelloWorld.uuid, Statistics.uuid)


def test_a_supplicant_brings_the_examples_and_optee_its_own_applications(tmp_path: Path) -> None:
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.NOWAIT))
    assert opens(kernel, Statistics.uuid)
    with tee.Context(backend=kernel) as context, pytest.raises(tee.CommunicationError):
        context.open_session(HelloWorld.uuid)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fake.Kernel(applications=[OtherHelloWorld]),
        lambda: fake.Kernel(fake.Optee(applications=[OtherHelloWorld])),
    ],
)
def test_an_application_replaces_the_bundled_one_of_its_uuid(make: Any) -> None:
    with tee.Context(backend=make()) as context, context.open_session(HelloWorld.uuid) as session:
        with pytest.raises(tee.TeecError) as caught:
            session.invoke_command(0, tee.ValueInOut(1))
        assert caught.value.code != tee.Result.BAD_PARAMETERS


def test_the_applications_of_a_driver_are_in_its_tee_alone() -> None:
    kernel = fake.Kernel(fake.Optee(applications=[Own]), "amdtee")
    assert opens(kernel, Own.uuid, device="/dev/tee0")
    assert not opens(kernel, Own.uuid, device="/dev/tee1")


def test_names_and_drivers_are_mixed_in_the_order_of_the_devices() -> None:
    kernel = fake.Kernel(fake.AmdTee(), "optee", TsTee(), "qtee@7.2", applications=[Own])
    with tee.Context("/dev/tee1", backend=kernel) as context:
        assert context.version.implementation_id == tee.ImplementationId.OPTEE
    assert kernel.release == fake.LinuxRelease.named("7.2")
    assert [opens(kernel, Own.uuid, device=f"/dev/tee{n}") for n in (0, 1)] == [True, True]


def test_an_installed_application_gives_way_to_what_it_replaced() -> None:
    kernel = fake.Kernel(applications=[Own])
    with kernel.installed(OtherHelloWorld), tee.Context(backend=kernel) as context:
        kept = context.open_session(HelloWorld.uuid)
    with tee.Context(backend=kernel) as context:
        with context.open_session(HelloWorld.uuid) as session:
            assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
        context.open_session(Own.uuid).close()
    kept.close()
    kernel.assert_no_leaks()


def test_storage_is_the_drivers(tmp_path: Path) -> None:
    assert opens(fake.Kernel(fake.AmdTee(storage=tmp_path)), SecureStorage.uuid)


class Plain:
    uuid = UUID(int=1)


class WithoutUuid(fake.TrustedApplication):
    pass


class WithText(fake.TrustedApplication):
    uuid = "2b8f5a5e-7f3b-4c38-9b0a-5d1c4b9ae7f1"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Own(), "give the class Own, and not an object"),
        (Plain, "a class derived from TrustedApplication"),
        (None, "a class derived from TrustedApplication"),
        (WithoutUuid, r"WithoutUuid\.uuid must be a uuid\.UUID, not None"),
        (WithText, r"WithText\.uuid must be a uuid\.UUID, not '2b8f"),
    ],
)
def test_what_is_no_application_is_refused_when_it_is_installed(wrong: Any, says: str) -> None:
    for install in (
        lambda: fake.Kernel(applications=[wrong]),
        lambda: fake.Kernel().install(wrong),
        lambda: fake.Optee(applications=[wrong]),
        lambda: fake.AmdTee(applications=[wrong]),
        lambda: fake.Kernel().installed(wrong).__enter__(),
    ):
        with pytest.raises(TypeError, match=says):
            install()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Own, r"give applications as applications=\[Own\]"),
        (fake.Optee, r"give an object, Optee\(\), and not the class"),
        (None, "a TEE is one of 'optee'"),
        (["optee"], r"or a driver such as fake\.Optee\(\)"),
    ],
)
def test_what_is_no_tee_is_refused(wrong: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        fake.Kernel(wrong)


def test_two_applications_with_one_uuid_are_refused() -> None:
    for make in (fake.Kernel, fake.Optee, fake.AmdTee):
        with pytest.raises(ValueError, match="OtherHelloWorld'> have the same UUID 8aaaf200"):
            make(applications=[HelloWorld, OtherHelloWorld])
    assert opens(fake.Kernel(applications=[Own, Own]), Own.uuid)


def test_a_kernel_shows_its_release_and_its_tees() -> None:
    kernel = fake.Kernel("optee@7.2", fake.AmdTee())
    assert repr(kernel) == "<fake.Kernel of Linux 7.2.13 with Optee, AmdTee>"


def test_applications_are_a_list() -> None:
    wrong: Any = Own
    for make in (fake.Kernel, fake.Optee, fake.AmdTee):
        with pytest.raises(TypeError, match=r"a list of classes, such as \[Counter\]"):
            make(applications=wrong)


@pytest.mark.parametrize("profile", ["tstee", "qtee@7.2"])
def test_a_tee_without_applications_takes_none(profile: str) -> None:
    with RawDevice(fake.Kernel(profile)):
        pass
    with pytest.raises(TypeError, match="has no Trusted Applications"):
        fake.Kernel(profile, applications=[Own])


@pytest.mark.parametrize("make", [fake.Kernel, fake.default_kernel])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nonsense", "there are optee, optee-no-reg-mem, amdtee, tstee, qtee"),
        ("", "there are optee"),
        ("optee@1.0", r"no Linux '1\.0' is known"),
        ("qtee", "has no driver Qtee: use a release that has it"),
    ],
)
def test_a_name_of_no_kernel_is_refused_with_the_names_that_there_are(
    make: object, name: str, says: str
) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=says):
        make(name)


def test_a_kernel_is_of_one_release() -> None:
    release = fake.LinuxRelease.named("7.2")
    assert fake.Kernel(release=release).release is release
    for same in (release, "7.2", "7.2.13"):
        assert fake.Kernel("optee@7.2", release=same).release == release
    with pytest.raises(
        ValueError, match=r"the TEE 'optee@7\.2' names 7\.2\.13, the argument release"
    ):
        fake.Kernel("optee@7.2", release="6.12")
    with pytest.raises(ValueError, match=r"the TEE 'amdtee@6\.12' names 6\.12"):
        fake.Kernel("optee@7.2", "amdtee@6.12")
