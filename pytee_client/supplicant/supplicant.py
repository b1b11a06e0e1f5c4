# SPDX-License-Identifier: BSD-2-Clause
"""A supplicant in Python, for an OP-TEE that needs one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from .._boundary import leave_signals
from .._checks import check_kernel, said, to_path_text
from .._closable import Closable
from .._opening import supplicant_error
from ..errors import ClosedError, ParameterTypeError
from ..kernels import Kernel
from .device import SupplicantDevice
from .file_system import FileSystem
from .files import FileService
from .folder_file_system import FolderFileSystem
from .service import SupplicantService

__all__ = ["Supplicant"]


class Supplicant(Closable):
    """Serve an OP-TEE with Trusted Applications and files, as tee-supplicant does.

        kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
        (folder / f"{MyTa.uuid}.ta").write_bytes(application_image(MyTa))
        with Supplicant(kernel, applications=[folder], storage=folder / "tee"):
            ...

    It loads Trusted Applications, and serves files and the shared memory for both. Any other
    request is NOT_SUPPORTED. It is a context manager that closes it. OP-TEE then gets
    COMMUNICATION for requests without an answer.

    Args:
        kernel: a fake kernel, or any other kernel in Python.
        applications: folders with Trusted Applications in files UUID.ta, searched in this
            order; see fake.secure_world.application_image().
        storage: a folder for the files of the secure world, which is made if it is missing; or
            a FileSystem. Without storage, requests for files are STORAGE_NOT_AVAILABLE.
        device: the path of the device.

    Raises:
        ParameterTypeError: an argument is not what it must be.
        DeviceNotFoundError: there is no such device.
        DeviceAccessError: the user may not open it.
        SupplicantRunningError: there is a supplicant already.
        TooManyFilesError: the process or the system has as many open files as it may.
        OSError: another error of the system calls; those above are OSErrors too.

    Threads: it serves in a thread of its own, and may be closed in any. close() can't stop that
    thread while it waits in a real kernel: it waits a limited time, and the thread ends with
    the process.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        applications: Iterable[str | os.PathLike[str]] = (),
        storage: str | os.PathLike[str] | FileSystem | None = None,
        device: str = "/dev/teepriv0",
    ) -> None:
        check_kernel(kernel, "the kernel")
        device = to_path_text(device, "the device")
        if isinstance(applications, str | bytes | os.PathLike) or not isinstance(
            applications, Iterable
        ):
            raise ParameterTypeError(
                f"applications must be a list of folders, not {said(applications)}: give [folder]"
            )
        folders = [Path(to_path_text(folder, "a folder")) for folder in applications]
        if storage is None or isinstance(storage, FileSystem):
            files = storage
        else:
            files = FolderFileSystem(storage)
        self._path = device
        try:
            self._device = SupplicantDevice(kernel, device)
        except OSError as error:
            raise supplicant_error(device, error) from error
        service = SupplicantService(
            self._device, folders, None if files is None else FileService(self._device, files)
        )
        # Not a method of this object: the thread would keep the object from being collected.
        self._thread = threading.Thread(
            target=_serve, args=(service, self._device), name=f"supplicant {device}", daemon=True
        )
        self._closed = False
        self._thread.start()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Supplicant of {self._path}, {state}>"

    def _check_live(self) -> None:
        if self._closed:
            raise ClosedError(f"using {self!r}")

    def close(self) -> None:
        """Stop serving and close the device, at most once."""
        if self._closed:
            return
        self._closed = True
        self._device.close()
        # The thread itself may collect, and so close, this object.
        if self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)


def _serve(service: SupplicantService, device: SupplicantDevice) -> None:
    leave_signals()
    try:
        service.run()
    finally:
        device.free_all()


# Seconds to finish a request, such as writing a file.
_PATIENCE = 10
