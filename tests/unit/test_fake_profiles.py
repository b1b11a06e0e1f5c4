# SPDX-License-Identifier: BSD-2-Clause
"""The kernels that have a name: which names are one kernel, and which names are refused."""

from __future__ import annotations

from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee", "tstee"])
def test_all_names_of_a_profile_and_release_are_one_default_kernel(profile: str) -> None:
    newest = fake.LinuxRelease.default()
    names = [profile, f"{profile}@{newest.series}", f"{profile}@{newest.version}"]
    kernels = {fake.default_kernel(name) for name in names}
    assert len(kernels) == 1
    assert kernels.pop().release == newest


def test_contexts_with_either_name_of_a_kernel_see_the_same_applications() -> None:
    class Own(fake.TrustedApplication):
        uuid = UUID("2b8f5a5e-7f3b-4c38-9b0a-5d1c4b9ae7f1")

    fake.default_kernel("optee@6.12").install(Own)
    with tee.Context("fake:optee") as context, context.open_session(Own.uuid):
        pass


def test_another_release_or_profile_is_another_default_kernel() -> None:
    names = ["optee", "optee@7.2", "optee-no-reg-mem", "amdtee", "amdtee@7.2"]
    kernels = [fake.default_kernel(name) for name in names]
    assert len(set(kernels)) == len(names)
    assert kernels[1].release == fake.LinuxRelease.named("7.2")


def test_a_new_kernel_is_never_the_default_one() -> None:
    assert fake.new_kernel() is not fake.default_kernel()
    assert fake.new_kernel() is not fake.new_kernel()


@pytest.mark.parametrize("make", [fake.new_kernel, fake.default_kernel])
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


def test_a_release_is_named_once() -> None:
    with pytest.raises(ValueError, match="both the profile 'optee@"):
        fake.new_kernel("optee@7.2", release=fake.LinuxRelease.default())
