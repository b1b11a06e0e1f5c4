# SPDX-License-Identifier: BSD-2-Clause
"""Too many open files is that, though the package itself has to open a file to go on."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._results import TranslatedFilesShortage
from pytee_client.faults import Fail, Fault, FaultyKernel, Plan, SystemCall
from pytee_client.supplicant import Supplicant

from ..support.waiting import LIMIT

# Prints how what follows fails when no file can be opened.
PROGRAM = """
import os, resource, sys, warnings
import pytee_client as tee
{before}
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
try:
    {statement}
except Exception as error:
    name, text, kind = type(error).__name__, str(error), isinstance(error, tee.TeecError)
else:
    name, text, kind = "nothing", "", True
for fd in held:
    os.close(fd)
print(name, kind, text)
"""

STATEMENTS = {
    "Context('/dev/tee0')": "",
    "Context('/dev/teepriv0')": "",
    "Context('fake:')": "",
    "Context('fake:amdtee')": "",
    "Context(backend='fake')": "",
    "Context(backend='linux')": "",
    "Context()": "",
    "enumerate_devices()": "",
    "enumerate_devices('fake')": "",
    "enumerate_bus_devices()": "",
    "wait_for_device(1)": "",
    "wait_for_device(1, device='fake:')": "tee.Context('fake:').close()",
    "context.allocate_shared_memory(10)": "context = tee.Context('fake:')",
    "Context('fake:optee')": "tee.Context('fake:').close()",
    "client_uuid(tee.Login.USER)": "",
    "__version__": "",
    "__version__ ": "import importlib.metadata",
    "client_uuid(tee.Login.GROUP, gid='root')": "",
    "client_uuid(tee.Login.GROUP, gid='root') ": "import grp, uuid",
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_process_that_can_open_no_file_is_told_so_and_not_of_modules(statement: str) -> None:
    statement_, before = statement, STATEMENTS[statement]
    if not statement.startswith("context."):
        statement_ = f"tee.{statement}"
    program = PROGRAM.format(statement=statement_, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True
    )
    name, kind, text = done.stdout.rstrip("\n").split(" ", 2)
    assert (name, kind) == ("TooManyFilesError", "True"), done.stdout
    assert "errno 24" in text
    assert "too many open files: close some, or raise its limit" in text
    assert ".py" not in text


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_what_opens_no_file_says_which_limit_it_is(number: int) -> None:
    kernel = FaultyKernel(fake.Kernel(), Plan([Fault(SystemCall.OPEN, Fail(number))]))
    with pytest.raises(tee.TooManyFilesError) as caught:
        tee.Context(backend=kernel)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == number
    assert ("RLIMIT_NOFILE" in str(caught.value)) == (number == errno.EMFILE)
    assert ("fs.file-max" in str(caught.value)) == (number == errno.ENFILE)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.errno) == (str(caught.value), number)


def test_a_module_in_c_that_can_not_be_opened_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(errno.EMFILE, "as it is told to")

    def load() -> None:
        with TranslatedFilesShortage("loading"):
            raise ImportError("cannot open shared object file: Too many open files")

    with pytest.raises(ImportError):
        load()
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(tee.TooManyFilesError, match="loading"):
        load()


@pytest.mark.parametrize("error", [OSError(errno.EIO, "text"), ValueError("text"), tee.BusyError()])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, TranslatedFilesShortage("loading"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR])
def test_devices_that_could_not_be_asked_are_not_listed_as_if_they_were(number: int) -> None:
    kernel = fake.Kernel()

    class Faulty(FaultyKernel):
        sysfs = kernel.sysfs
        monitor_devices = kernel.monitor_devices

    faulty = Faulty(kernel, Plan([Fault(SystemCall.OPEN, Fail(number), times=None)]))
    for call in (tee.enumerate_devices, lambda backend: tee.wait_for_device(1, backend=backend)):
        with pytest.raises(tee.TeecError) as caught:
            call(backend=faulty)
        assert not isinstance(caught.value, TimeoutError)
        assert caught.value.errno == number
    faulty.arm(Plan([Fault(SystemCall.OPEN, Fail(errno.EACCES), times=None)]))
    (device,) = [each for each in tee.enumerate_devices(faulty) if not each.is_privileged]
    assert device.capabilities is None


SUPPLICANTS: dict[int, type[tee.TeecError]] = {
    errno.EACCES: tee.DeviceAccessError,
    errno.EPERM: tee.DeviceAccessError,
    errno.ENOENT: tee.DeviceNotFoundError,
    errno.ENODEV: tee.DeviceNotFoundError,
    errno.ENXIO: tee.DeviceNotFoundError,
    errno.EINVAL: tee.DeviceNotFoundError,
    errno.EBUSY: tee.SupplicantRunningError,
    errno.EMFILE: tee.TooManyFilesError,
    errno.ENFILE: tee.TooManyFilesError,
    errno.EINTR: tee.InterruptedCallError,
}


@pytest.mark.parametrize("number", [*SUPPLICANTS, errno.EIO], ids=errno.errorcode.get)
def test_a_supplicants_device_that_can_not_be_opened_is_told_by_class_and_errno(
    number: int,
) -> None:
    kernel = FaultyKernel(fake.Kernel(), Plan([Fault(SystemCall.OPEN, Fail(number))]))
    with pytest.raises(OSError, match="teepriv0") as caught:
        Supplicant(kernel)
    assert type(caught.value) is SUPPLICANTS.get(number, OSError)
    assert caught.value.errno == (errno.ENXIO if number == errno.EINVAL else number)
    assert not kernel.descriptors
