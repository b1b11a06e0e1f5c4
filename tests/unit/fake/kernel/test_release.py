# SPDX-License-Identifier: BSD-2-Clause
"""The releases of Linux that the fake can be: what is known of them, and how they are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytee_client import fake
from pytee_client.fake import LinuxRelease
from pytee_client.fake.kernel import release as linux_release
from pytee_client.fake.kernel.release import PROPERTIES
from pytee_client.fake.qtee import Qtee

# Tests that count on these being neighbours have a table without later ones.
VERSIONS = ("6.12.43", "6.12.94", "6.12.113", "6.12.117", "7.2.12", "7.2.13")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no other releases be known."""
    entries = json.loads(linux_release.TABLE.read_text())["releases"]
    kept = [entry for entry in entries if entry["version"] in VERSIONS]
    (tmp_path / "table").write_text(json.dumps({"releases": kept}))
    monkeypatch.setattr(linux_release, "TABLE", tmp_path / "table")


def test_the_newest_known_6_12_is_the_default() -> None:
    newest = [release for release in LinuxRelease.known() if release.series == "6.12"][-1]
    assert LinuxRelease.named("6.12") == LinuxRelease.default() == newest
    assert fake.Kernel().release == fake.Kernel("optee@6.12").release == newest


def test_versions_are_in_the_order_of_their_numbers() -> None:
    versions = [release.version for release in LinuxRelease.known()]
    assert versions.index("6.12.94") < versions.index("6.12.111") < versions.index("7.2.13")


def test_a_known_release_is_named_by_its_version() -> None:
    for release in LinuxRelease.known():
        assert LinuxRelease.named(release.version) is release


def test_every_property_is_measured_or_inferred_for_every_known_release() -> None:
    for entry in json.loads(linux_release.TABLE.read_text())["releases"]:
        assert set(entry["measured"]) | set(entry["inferred"]) == set(PROPERTIES)
        assert not set(entry["measured"]) & set(entry["inferred"])
        assert entry["machine"].startswith(entry["version"])


def test_every_property_tells_known_releases_apart() -> None:
    for name in PROPERTIES:
        assert len({getattr(release, name) for release in LinuxRelease.known()}) > 1, name


@pytest.mark.parametrize(
    ("version", "nearest"),
    [
        ("6.12.117+deb13-arm64", "6.12.117"),
        ("6.12.100", "6.12.94"),
        ("6.12.9", "6.12.43"),
        ("6.18.2", "6.12.117"),
        ("5.10", "6.12.43"),
        ("7.2", "7.2.12"),
        ("9.0", "7.2.13"),
    ],
)
@pytest.mark.usefixtures("table")
def test_the_nearest_known_release_is_the_last_one_before_it(version: str, nearest: str) -> None:
    assert LinuxRelease.nearest(version).version == nearest


@pytest.mark.usefixtures("table")
def test_since_when_a_property_is_known_is_told_of_the_series_first() -> None:
    def first(name: str, value: bool, version: str) -> str | None:
        found = LinuxRelease.first_with(name, value, version)
        return None if found is None else found.version

    assert first("rejects_empty_allocations", True, "6.12.130") == "6.12.113"
    assert first("rejects_empty_allocations", True, "7.2.1") == "7.2.12"
    assert first("has_user_buffers", True, "6.12.130") == "7.2.12"
    assert LinuxRelease.first_with("max_argument_size", 2048, "7.2") is None


def test_what_is_no_value_of_a_property_is_refused() -> None:
    release = LinuxRelease.default()
    with pytest.raises(TypeError, match="max_argument_size of a LinuxRelease is of type int"):
        replace(release, max_argument_size="1024")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="has_user_buffers of a LinuxRelease is of type bool"):
        replace(release, has_user_buffers=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a version of Linux"):
        replace(release, version="trixie")


def test_a_release_of_ones_own_needs_no_name() -> None:
    own = replace(LinuxRelease.default(), version="6.13.1", has_qtee_driver=True)
    assert fake.Kernel(Qtee(), release=own).release is own
    with pytest.raises(ValueError, match=r"Linux 6\.12\.117 has no driver Qtee"):
        fake.Kernel(Qtee(), release="6.12.117")
