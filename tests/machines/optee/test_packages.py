# SPDX-License-Identifier: BSD-2-Clause
"""What is said and kept of the packages that a machine is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..process import VmError
from ..suites import NEWEST, STABLE, SUITES, Suite
from . import kept_verdicts, packages, versions
from .packages import InconsistentArchiveError, Packages
from .xtest import Verdicts

VERSIONS = {
    "libckteec0t64": "4.5.0-1",
    "libteec2": "4.5.0-1",
    "linux-image-arm64": "6.12.117-1",
    "optee-os": "4.5.0-1",
    "optee-os-dev": "4.5.0-1",
    "optee-test-qemu": "4.5.0-1",
    "python3": "3.13.5-1",
    "tee-supplicant": "4.5.0-1",
}
VERDICTS = Verdicts(
    "/usr/lib/libteec.so.2", {"a_1": "OK", "a_2": "SKIPPED"}, {"a_1.1": "OK", "a_1.2": "OK"}, 7, 0
)


def fetched(place: Path, suite: Suite = STABLE, **changed: str) -> Packages:
    """Return packages as they lie there when they were fetched."""
    place.mkdir(exist_ok=True)
    new = {name.replace("_", "-"): version for name, version in changed.items()}
    debs = [f"{name}_{version}_arm64.deb" for name, version in {**VERSIONS, **new}.items()]
    (place / "machine.list").write_text("\n".join(debs))
    (place / "development.list").write_text("libc6_2%3a2.41-12_arm64.deb")
    (place / "source").mkdir(exist_ok=True)
    (place / "source" / "arm-trusted-firmware_2.12.1+dfsg-1.dsc").touch()
    return Packages(suite, place)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LAST_GREEN", tmp_path / "last_green.json")
    monkeypatch.setattr(kept_verdicts, "KEPT", tmp_path / "verdicts.json")


def test_versions_are_those_of_all_packages_with_their_epochs(tmp_path: Path) -> None:
    found = fetched(tmp_path).versions
    assert found == {
        **VERSIONS,
        "libc6": "2:2.41-12",
        "arm-trusted-firmware": "2.12.1+dfsg-1",
    }


def test_a_machine_is_told_by_its_kernel_its_tee_and_its_python(tmp_path: Path) -> None:
    line = versions.headline(fetched(tmp_path))
    assert line == "stable: Linux 6.12.117-1, OP-TEE 4.5.0-1, Python 3.13.5-1"


def test_what_changed_since_the_last_green_run_is_named(tmp_path: Path) -> None:
    versions.save(fetched(tmp_path))
    new = fetched(tmp_path, linux_image_arm64="6.12.118-1", zlib1g="1.3")
    assert versions.changes(new) == (
        "changed on stable since the last green run:"
        " linux-image-arm64 6.12.117-1 -> 6.12.118-1, zlib1g 1.3 is new"
    )
    versions.save(new)
    assert versions.changes(new).endswith(": nothing")
    assert "zlib1g 1.3 is gone" in versions.changes(fetched(tmp_path))


def test_the_last_green_run_of_each_suite_is_kept(tmp_path: Path) -> None:
    stable, newest = fetched(tmp_path / "a"), fetched(tmp_path / "b", NEWEST, optee_os="4.10.0-1")
    versions.save(stable)
    assert "no green run on newest" in versions.changes(newest)
    versions.save(newest)
    assert versions.changes(stable).endswith(": nothing")
    assert versions.changes(newest).endswith(": nothing")


def test_verdicts_are_kept_for_the_versions_that_they_depend_on(tmp_path: Path) -> None:
    assert kept_verdicts.find(fetched(tmp_path)) is None
    kept_verdicts.keep(fetched(tmp_path), VERDICTS)
    assert kept_verdicts.find(fetched(tmp_path, python3="3.14.7-3")) == VERDICTS
    assert kept_verdicts.find(fetched(tmp_path, libteec2="4.6.0-1")) is None
    assert kept_verdicts.find(fetched(tmp_path, NEWEST)) is None


@pytest.mark.parametrize("read", [versions.changes, kept_verdicts.find])
def test_a_damaged_file_is_named(tmp_path: Path, read: Callable[[Packages], object]) -> None:
    for path in (versions.LAST_GREEN, kept_verdicts.KEPT):
        path.write_text("{")
    with pytest.raises(VmError, match=r"\.json is damaged"):
        read(fetched(tmp_path))


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_a_kit_whose_key_the_tee_does_not_trust_is_refused(tmp_path: Path, suite: Suite) -> None:
    packages.check_kit(fetched(tmp_path, suite))
    error = InconsistentArchiveError if suite is NEWEST else VmError
    with pytest.raises(VmError, match=r"4\.5\.0-1 and optee-os-dev 4\.6\.0-1") as caught:
        packages.check_kit(fetched(tmp_path, suite, optee_os_dev="4.6.0-1"))
    assert type(caught.value) is error


# What apt-cache prints, by its first word after the options.
APT_CACHE = {
    "pkgnames": "libteec2\nlibteecl-dev\nlibteec3\n",
    "rdepends": (
        "libteec2\nReverse Depends:\n  tee-supplicant\n |libx1\n  libx1:amd64\n  tee-supplicant\n"
        "libteec3\nReverse Depends:\n  liby1\n"
    ),
    "madison": (
        "  libteec2 | 4.11.0-1 | http://archive unstable/main arm64 Packages\n"
        "  libteec2 |  4.5.0-1 | http://archive testing/main arm64 Packages\n"
        "     libx1 | 1:1.0-1  | http://archive testing/main arm64 Packages\n"
        "optee-client | 4.5.0-1 | http://archive testing/main Sources\n"
    ),
}


def test_all_versions_of_what_depends_on_libteec_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, list[str]] = {}

    def answer(argv: list[str], cwd: Path | None = None) -> str:
        options = [word for word in argv if word in ("-c", "-o", "apt.conf")]
        assert options == ["-c", "apt.conf", "-o"]
        assert "APT::Architecture=arm64" in argv
        verb = next(word for word in argv if word in (*APT_CACHE, "download"))
        asked[verb] = argv[argv.index(verb) + 1 :]
        assert cwd == (tmp_path / "dependents" if verb == "download" else None)
        return APT_CACHE.get(verb, "")

    monkeypatch.setattr(packages, "run", answer)
    packages.download_dependents(STABLE, ["apt-get", "-q", "-c", "apt.conf"], tmp_path)
    assert asked == {
        "pkgnames": ["libteec"],
        "rdepends": ["libteec2", "libteec3"],
        "madison": ["libteec2", "libteec3", "libx1", "liby1", "tee-supplicant"],
        "download": ["libteec2=4.11.0-1", "libteec2=4.5.0-1", "libx1=1:1.0-1"],
    }


@pytest.mark.parametrize(
    ("said", "suite", "error"),
    [
        ("E: Unable to correct problems, you have held broken packages.", NEWEST, True),
        ("The following packages have unmet dependencies:", NEWEST, True),
        ("E: Failed to fetch a  404  Not Found", NEWEST, True),
        ("E: Unable to locate package optee-os", NEWEST, False),
        ("E: Temporary failure resolving", NEWEST, False),
        ("The following packages have unmet dependencies:", STABLE, False),
    ],
)
def test_only_an_archive_that_does_not_fit_together_excuses_the_newest(
    said: str, suite: Suite, error: bool
) -> None:
    with pytest.raises(VmError) as caught:
        packages.run_apt(suite, ["sh", "-c", f"echo '{said}'; exit 100"])
    assert isinstance(caught.value, InconsistentArchiveError) == error
    assert said in str(caught.value)
