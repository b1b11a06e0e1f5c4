# SPDX-License-Identifier: BSD-2-Clause
"""The probes, and what is made of their answers, with fakes in the place of machines."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytee_client.fake import Kernel, LinuxRelease
from pytee_client.fake.kernel import release as linux_release
from pytee_client.kernels import uapi

from . import __main__ as command_line
from .ground import ProgramKernel
from .probes import PROBES, opened
from .properties import Findings, UnknownAnswerError, UnmodelledAnswerError, adopt, find

KNOWN = LinuxRelease.known()
NEWEST = LinuxRelease.named("6.12")
OLDEST = LinuxRelease.named("6.12.43")
DRIVERS = ("optee", "optee-no-reg-mem", "amdtee", "tstee", "qtee")


class OddKernel(Kernel):
    """Answers some requests with an errno of its own."""

    def __init__(self, errors: dict[int, int]) -> None:
        super().__init__(release=NEWEST)
        self._errors = errors

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request in self._errors:
            raise OSError(self._errors[request], "odd")
        return super().ioctl(fd, request, argument)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a table that may be written to."""
    copy = tmp_path / "linux_releases.json"
    shutil.copy(linux_release.TABLE, copy)
    monkeypatch.setattr(linux_release, "TABLE", copy)
    return copy


def edit(table: Path, version: str, **values: object) -> None:
    """Change what is known of a release; without values, forget it."""
    entries: list[dict[str, Any]] = json.loads(table.read_text())["releases"]
    for entry in entries:
        if entry["version"] == version:
            entry["measured"].update(values)
    kept = [entry for entry in entries if values or entry["version"] != version]
    table.write_text(json.dumps({"releases": kept}))


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("release", KNOWN, ids=lambda release: release.version)
def test_every_driver_of_every_known_release_is_found(driver: str, release: LinuxRelease) -> None:
    if driver == "qtee" and not release.has_qtee_driver:
        with pytest.raises(ValueError, match="has no driver Qtee"):
            Kernel(driver, release=release)
        return
    kernel = Kernel(driver, release=release)
    found = find(kernel)
    assert found.release() == release
    assert not list(found.surprises())
    assert Findings.from_json(found.to_json()) == found
    kernel.assert_no_leaks()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"rejects_empty_allocations": True},
            "Linux 6.12.100 rejects_empty_allocations, known since 6.12.113",
        ),
        ({"max_argument_size": 4096}, "Linux 6.12.100 max_argument_size 4096, known since 7.2.12"),
    ],
)
def test_a_backport_is_one_line_and_the_fake_follows(
    changes: dict[str, Any], line: str, table: Path
) -> None:
    edit(table, "6.12.100")
    own = replace(LinuxRelease.named("6.12.94"), version="6.12.100", **changes)
    found = find(Kernel(release=own))
    assert list(found.surprises()) == [line]
    assert found.release() == own


def test_a_property_that_is_gone_is_one_line() -> None:
    own = replace(NEWEST, version="6.12.999", rejects_empty_allocations=False)
    (line,) = find(Kernel(release=own)).surprises()
    said = "Linux 6.12.999 not rejects_empty_allocations, as 6.12.43, and unlike "
    assert line == f"{said}{NEWEST.version}"


def test_what_the_table_has_wrong_is_one_line(table: Path) -> None:
    kernel = Kernel(release=NEWEST)
    edit(table, NEWEST.version, rejects_empty_allocations=False)
    (line,) = find(kernel).surprises()
    assert line == f"Linux {NEWEST.version} rejects_empty_allocations, known since 6.12.113"


def test_what_can_not_be_asked_is_as_in_the_nearest_known_release() -> None:
    own = replace(OLDEST, version="6.12.93")
    assert not find(Kernel(release=own)).release().reports_dead_clients
    own = replace(OLDEST, version="6.12.94")
    assert find(Kernel(release=own)).release().reports_dead_clients


def test_an_answer_of_no_known_release_names_the_probe_and_the_command_that_adopts_it() -> None:
    own = replace(NEWEST, max_argument_size=2048)
    found = find(Kernel(release=own))
    with pytest.raises(UnknownAnswerError) as caught:
        found.release()
    assert not isinstance(caught.value, UnmodelledAnswerError)
    for part in (NEWEST.version, "max_argument_size", "2048", "1024, 4096", "--adopt"):
        assert part in str(caught.value)


def test_an_answer_without_a_value_has_to_be_modelled_first(table: Path) -> None:
    kernels: list[tuple[str, str, ProgramKernel]] = [
        ("rejects_empty_allocations", "EIO", OddKernel({uapi.TEE_IOC_SHM_ALLOC: errno.EIO})),
        ("has_memory_by_descriptor", "0", Zero(release=NEWEST)),
        ("max_argument_size", "ENOSYS for 512", OddKernel({uapi.TEE_IOC_INVOKE: errno.ENOSYS})),
    ]
    before = table.read_bytes()
    for name, answer, kernel in kernels:
        answers = {**find(Kernel(release=NEWEST)).answers, name: asked(kernel, name)}
        found = Findings(NEWEST.version, NEWEST.version, answers)
        message = f"probe of {name} with {answer}.*in code first"
        with pytest.raises(UnmodelledAnswerError, match=message):
            found.release()
        with pytest.raises(UnmodelledAnswerError, match=message):
            adopt(found.to_json())
    assert table.read_bytes() == before


class Zero(Kernel):
    """Takes a descriptor from nowhere."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_SHM_REGISTER_FD:
            return 0
        return super().ioctl(fd, request, argument)


def asked(kernel: ProgramKernel, name: str) -> str | int:
    with opened(kernel, "/dev/tee0") as device:
        answer = PROBES[name].ask(device)
    assert answer is not None
    return answer


@pytest.mark.usefixtures("table")
def test_what_is_adopted_is_known() -> None:
    own = replace(NEWEST, version="6.12.998", max_argument_size=2048)
    found = find(Kernel(release=own))
    said = adopt(found.to_json())
    assert "6.12.998 is known now, with 7 properties as measured" in said
    assert f"reports_dead_clients as in {NEWEST.version}" in said
    assert LinuxRelease.named("6.12") == LinuxRelease.named("6.12.998") == own
    assert find(Kernel(release=own)).release() == own
    adopt(found.to_json())
    assert [r.version for r in LinuxRelease.known()].count("6.12.998") == 1


def test_what_was_measured_otherwise_stays_when_a_known_release_is_adopted(table: Path) -> None:
    said = adopt(find(Kernel(release=OLDEST)).to_json())
    assert said.endswith("has_qtee_driver, heeds_notification_timeouts as in 6.12.43")
    (entry,) = [e for e in json.loads(table.read_text())["releases"] if e["version"] == "6.12.43"]
    assert entry["measured"]["reports_dead_clients"] is False
    assert LinuxRelease.named("6.12.43") == OLDEST


def test_the_guests_command_writes_what_the_host_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel("optee@7.2")
    monkeypatch.setattr(command_line, "LinuxKernel", lambda: kernel)
    out = tmp_path / "properties"
    assert command_line.main(["properties", "--out", str(out)]) == 0
    assert Findings.from_json(out.read_bytes()).release() == kernel.release
    assert "max_argument_size: 4096" in capsys.readouterr().out


def test_a_comparison_says_what_is_new_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = replace(NEWEST, version="6.12.999", rejects_empty_allocations=False)
    monkeypatch.setattr(command_line, "LinuxKernel", lambda: Kernel(release=own))
    assert command_line.main(["compare", "--programs", "20"]) == 0
    out = capsys.readouterr().out
    assert "Linux 6.12.999 not rejects_empty_allocations" in out
    assert "0 programs differ" in out
    own = replace(NEWEST, max_argument_size=1025)
    assert command_line.main(["compare", "--programs", "20"]) == 1
    assert "--adopt" in capsys.readouterr().out
