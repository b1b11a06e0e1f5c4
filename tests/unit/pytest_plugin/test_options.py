# SPDX-License-Identifier: BSD-2-Clause
"""Which TEEs tests run on."""

from __future__ import annotations

import pytest

import pytee_client_pytest
from pytee_client.fake import profiles

from ...support.pytest_projects import Project

ONE = "def test_it(tee_kernel): pass\n"
TWO = "def test_a(tee_kernel): pass\ndef test_b(tee_context, tee_kernel): pass\n"


def test_a_test_runs_on_the_fake_op_tee_unless_something_else_is_said(project: Project) -> None:
    project.write(ONE)
    assert project.names() == ["test_it[fake:optee]"]


def test_a_test_runs_on_every_tee_that_is_named(project: Project) -> None:
    project.write(ONE)
    names = project.names("--tee", "fake:optee, fake:amdtee,linux", "--tee=/dev/tee1")
    assert names == [
        "test_it[fake:optee]",
        "test_it[fake:amdtee]",
        "test_it[linux]",
        "test_it[/dev/tee1]",
    ]


def test_tests_of_a_module_are_grouped_by_tee(project: Project) -> None:
    project.write(TWO)
    assert project.names("--tee", "fake:optee,fake:amdtee") == [
        *("test_a[fake:optee]", "test_b[fake:optee]"),
        *("test_a[fake:amdtee]", "test_b[fake:amdtee]"),
    ]


def test_the_configuration_names_tees_and_the_command_line_others(project: Project) -> None:
    project.write(ONE)
    project.configure("tee = fake:amdtee,fake:")
    assert project.names() == ["test_it[fake:amdtee]", "test_it[fake:optee]"]
    assert project.names("--tee", "fake:optee-4.10@6.12") == ["test_it[fake:optee-4.10@6.12]"]


def test_a_test_without_a_tee_runs_once(project: Project) -> None:
    project.write("def test_it(): pass\n")
    assert project.names("--tee", "fake:optee,fake:amdtee") == ["test_it"]


def test_a_test_can_name_its_tee(project: Project) -> None:
    test = """
@pytest.mark.parametrize("tee_name", ["fake:optee-no-reg-mem", "fake:amdtee"], indirect=True)
def test_it(tee_name, tee_context):
    capabilities = tee_context.version.generic_capabilities
    assert tee.GenericCapabilities.REG_MEM not in capabilities
"""
    project.check(test, passed=2)
    assert project.names() == ["test_it[fake:optee-no-reg-mem]", "test_it[fake:amdtee]"]


@pytest.mark.parametrize("name", ["optee", "tee0", "", "fake:op-tee", "fake:optee@1.0", "linux,"])
def test_a_wrong_name_is_an_error_of_usage_that_says_what_is_right(
    project: Project, name: str
) -> None:
    project.write(ONE)
    result = project.run("--tee", name)
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    known = "6.12.43" if "@" in name else "such as /dev/tee0; linux,*cassette;*fake:amdtee,"
    result.stderr.fnmatch_lines(f"ERROR: --tee *{known}*")
    project.configure(f"tee = {name or 'none'}")
    result = project.run()
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert "tee= of the configuration" in result.stderr.str()


@pytest.mark.parametrize("indirect", [True, False])
@pytest.mark.parametrize("name", ["'optee'", "5"])
def test_a_test_that_names_no_tee_is_told_what_is_right(
    project: Project, name: str, indirect: bool
) -> None:
    mark = f'@pytest.mark.parametrize("tee_name", [{name}], indirect={indirect})\n'
    result = project.check(f"{mark}def test_it(tee_context): pass\n", errors=1)
    result.stdout.fnmatch_lines(f"*tee_name {name} names no TEE: give the path of a device*")


def test_the_plugin_knows_the_profiles_of_the_fake() -> None:
    assert tuple(profiles._PROFILES) == pytee_client_pytest._PROFILES


def test_a_device_that_is_missing_is_a_skip_that_says_so(project: Project) -> None:
    result = project.check(ONE, "--tee", "/dev/tee4095", skipped=1)
    result.stdout.fnmatch_lines("*SKIPPED*test_it.py:3: there is no TEE /dev/tee4095: *")


def test_a_device_that_is_missing_is_an_error_where_it_is_required(project: Project) -> None:
    result = project.check(ONE, "--tee", "/dev/tee4095", "--tee-require", errors=1)
    result.stdout.fnmatch_lines("there is no TEE /dev/tee4095: *")


def test_what_is_no_tee_is_an_error_and_no_skip(project: Project) -> None:
    result = project.check(ONE, "--tee", "/dev/null", errors=1)
    result.stdout.fnmatch_lines("*NotATeeDeviceError*")


def test_a_test_of_real_tees_is_skipped_on_a_fake_and_says_so(project: Project) -> None:
    test = """
@pytest.mark.tee_real
def test_with(tee_kernel): raise ValueError

@pytest.mark.tee_real
def test_without(): raise ValueError
"""
    result = project.check(test, skipped=2)
    result.stdout.fnmatch_lines("*needs a real TEE, and this is fake:optee: run it with --tee*")
    result.stdout.fnmatch_lines("SKIPPED*test_it.py:*")
    project.check(test, "--tee", "linux,fake:optee", "-k", "test_without", failed=1)


def test_the_header_of_a_run_says_which_tees(project: Project) -> None:
    project.write(ONE)
    result = project.run("--tee", "fake:optee,/dev/tee3")
    result.stdout.fnmatch_lines("TEE: fake:optee, /dev/tee3")


def test_help_has_the_options_and_the_configuration(project: Project) -> None:
    text = project.run("--help").stdout.str()
    for option in ("--tee=TEE,...", "--tee-require", "--tee-record", "tee_leak_check (bool):"):
        assert option in text
    assert "fake:PROFILE" in text


def test_every_marker_is_declared(project: Project) -> None:
    project.configure("addopts = --strict-markers --strict-config")
    text = project.run("--markers").stdout.str()
    for marker in ("tee_real", "tee_faults(", "tee_cassette(", "tee_no_leak_check"):
        assert f"@pytest.mark.{marker}" in text
    project.check("@pytest.mark.tee_no_leak_check\ndef test_it(tee_kernel): pass\n")


@pytest.mark.parametrize("marker", ["tee_faults(Fault(None, Fail(errno.EIO)))", "tee_cassette"])
def test_a_marker_of_a_test_that_uses_no_tee_is_an_error(project: Project, marker: str) -> None:
    result = project.check(f"@pytest.mark.{marker}\ndef test_it(): pass\n", errors=1)
    result.stdout.fnmatch_lines("*is for tests that use a TEE*tee_kernel*")
