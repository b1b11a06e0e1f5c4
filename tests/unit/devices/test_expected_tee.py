# SPDX-License-Identifier: BSD-2-Clause
"""A machine that should have a TEE gets an error without its driver, and never the fake."""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import _opening
from pytee_client._expected_tee import find_expected_tee
from pytee_client._opening import client_nodes, expected_tee
from pytee_client.kernels.sysfs import Folder

from ...support.programs import program

if TYPE_CHECKING:
    from pathlib import Path

without_a_tee = pytest.mark.skipif(
    bool(client_nodes()) or expected_tee() is not None, reason="this machine has a TEE"
)

OPTEE = {"firmware/devicetree/base/firmware/optee/compatible": "linaro,optee-tz\0"}
OPTEE_AT_THE_ROOT = {"firmware/devicetree/base/optee/compatible": "linaro,optee-tz\0"}
OPTEE_IN_A_CONTAINER = {
    "bus/platform/devices/firmware:optee/uevent": "OF_NAME=optee\nOF_COMPATIBLE_0=linaro,optee-tz\n"
}
OPTEE_PARTITION = {"bus/arm_ffa/devices/arm-ffa-1/uuid": "486178e0-e7f8-11e3-bc5e-0002a5d5c51b\n"}
QCOM = {
    "firmware/devicetree/base/firmware/scm/compatible": "qcom,scm-sm8650\0qcom,scm\0",
}
QCOM_IN_A_CONTAINER = {
    "bus/platform/devices/firmware:scm/uevent": "OF_COMPATIBLE_0=qcom,scm-sc8280xp\n"
}
QTEE = {"bus/platform/devices/qcomtee/uevent": "MODALIAS=platform:qcomtee\n"}
TSTEE_PARTITION = {
    "bus/arm_ffa/devices/arm-ffa-2/modalias": (
        "arm_ffa:8001:bdcd76d7-825e-4751-963b-86d4f84943ac\n"
    )
}


def secure_processor(device: str) -> dict[str, str]:
    return {
        "bus/pci/devices/0000:00:00.0/vendor": "0x1022\n",
        "bus/pci/devices/0000:00:00.0/device": "0x1480\n",
        "bus/pci/devices/0000:06:00.2/vendor": "0x1022\n",
        "bus/pci/devices/0000:06:00.2/device": f"{device}\n",
    }


SHOULD_HAVE_ONE = [
    (OPTEE, 'device tree has /firmware/optee, .*"modprobe optee"'),
    (
        OPTEE | {"firmware/devicetree/base/firmware/optee/status": "okay\0"},
        'device tree has /firmware/optee, .*"modprobe optee"',
    ),
    (OPTEE_AT_THE_ROOT, 'device tree has /optee, .*"modprobe optee"'),
    (OPTEE_IN_A_CONTAINER, 'platform device firmware:optee, .*"modprobe optee"'),
    (OPTEE_PARTITION, 'partition for it .arm-ffa-1., .*"modprobe optee"'),
    (QCOM, 'device tree has /firmware/scm, .*"modprobe qcomtee"'),
    (QCOM_IN_A_CONTAINER, 'platform device firmware:scm, .*"modprobe qcomtee"'),
    (QTEE, 'Qualcomm\'s TEE .qcomtee., .*"modprobe qcomtee"'),
    (TSTEE_PARTITION, 'partition for it .arm-ffa-2., .*"modprobe arm-tstee"'),
    *(
        (secure_processor(device), 'PCI 0000:06:00.2.*"modprobe ccp", then "modprobe amdtee"')
        for device in (
            "0x15df",
            "0x14ca",
            "0x15c7",
            "0x1649",
            "0x1134",
            "0x17e0",
            "0x156e",
            "0x17d8",
        )
    ),
]
HAS_NONE: list[dict[str, str]] = [
    {},
    OPTEE | {"firmware/devicetree/base/firmware/optee/status": "disabled\0"},
    {"firmware/devicetree/base/firmware/psci/compatible": "arm,psci-1.0\0arm,psci\0"},
    {"firmware/devicetree/base/firmware/scmi/compatible": "linaro,scmi-optee\0"},
    {"firmware/devicetree/base/firmware/optee/method": "smc\0"},
    {"bus/platform/devices/firmware:psci/uevent": "OF_COMPATIBLE_0=arm,psci-1.0\n"},
    {"bus/arm_ffa/devices/arm-ffa-1/uuid": "00000000-0000-0000-0000-000000000001\n"},
    # AMD's, which have no TEE.
    *(secure_processor(device) for device in ("0x1537", "0x1456", "0x1468", "0x1486")),
    {
        "bus/pci/devices/0000:06:00.2/vendor": "0x8086\n",
        "bus/pci/devices/0000:06:00.2/device": "0x15df\n",
    },
    {"bus/pci/devices/0000:06:00.2/vendor": "nonsense\n"},
]


def make(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sysfs that the library takes for the machine's."""
    monkeypatch.setattr(_opening, "Folder", lambda: Folder(tmp_path))
    monkeypatch.delenv("PYTEE_CLIENT_BACKEND", raising=False)
    return tmp_path


@without_a_tee
@pytest.mark.parametrize(("files", "said"), SHOULD_HAVE_ONE)
def test_a_machine_that_should_have_a_tee_gets_no_fake(
    sysfs: Path, files: dict[str, str], said: str
) -> None:
    make(sysfs, files)
    for device, backend in ((None, None), (None, "linux"), ("/dev/tee0", None)):
        with pytest.raises(tee.DeviceNotFoundError, match=said) as caught:
            tee.Context(device, backend=backend)  # type: ignore[arg-type]
        assert 'Context("fake:")' in str(caught.value.remedy)
    with pytest.raises(tee.DeviceTimeoutError, match=said):
        tee.wait_for_device(0)
    with tee.Context("fake:") as context:
        assert context.version.backend == "fake"


@without_a_tee
@pytest.mark.parametrize("files", HAS_NONE)
@pytest.mark.filterwarnings("ignore::pytee_client.errors.FakeTeeWarning")
def test_what_is_no_tee_is_no_reason_for_an_error(sysfs: Path, files: dict[str, str]) -> None:
    make(sysfs, files)
    with tee.Context() as context:
        assert context.version.backend == "fake"


@without_a_tee
@pytest.mark.parametrize("place", ["module/optee/refcnt", "bus/platform/drivers/optee/bind"])
def test_a_driver_that_is_loaded_and_found_nothing_is_told_from_a_missing_one(
    sysfs: Path, place: str
) -> None:
    make(sysfs, OPTEE)
    with pytest.raises(tee.DeviceNotFoundError, match=r"load its driver"):
        tee.Context()
    make(sysfs, {place: ""})
    with pytest.raises(tee.DeviceNotFoundError, match=r"is loaded .*, but found no TEE: .*dmesg"):
        tee.Context()


def test_a_device_tree_comes_before_what_else_there_is(tmp_path: Path) -> None:
    make(tmp_path, secure_processor("0x15df") | OPTEE)
    found = find_expected_tee(Folder(tmp_path))
    assert found is not None
    assert found.modules == ("optee",)


@without_a_tee
@pytest.mark.parametrize("options", [(), ("-W", "error")])
def test_the_fake_in_place_of_a_tee_is_logged_once(options: tuple[str, ...]) -> None:
    script = (
        "import contextlib, logging\n"
        "import pytee_client as tee\n"
        "logging.basicConfig(format='%(levelname)s %(name)s %(message)s')\n"
        "for _ in range(2):\n"
        "    with contextlib.suppress(tee.FakeTeeWarning):\n"
        "        tee.Context().close()\n"
    )
    done = subprocess.run(
        program(script, options=options), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.count("WARNING pytee_client this machine has no TEE device: the fake") == 1
    assert done.stderr.count("FakeTeeWarning:") == (0 if options else 1)


@without_a_tee
def test_a_program_without_logging_sees_the_warning_alone() -> None:
    script = "import pytee_client as tee\ntee.Context().close()\n"
    done = subprocess.run(program(script), capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.count("this machine has no TEE device") == 1


def test_the_fake_that_is_asked_for_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), tee.Context("fake:"), tee.Context(backend="fake"):
        pass
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]
