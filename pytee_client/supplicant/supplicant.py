# SPDX-License-Identifier: BSD-2-Clause
"""A supplicant in Python, for an OP-TEE that needs one."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from .._closable import Closable
from ..errors import ClosedError
from .device import SupplicantDevice
from .file_system import FileSystem
from .files import FileService
from .folder_file_system import FolderFileSystem
from .service import SupplicantService

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernels import Kernel

__all__ = ["Supplicant"]


class Supplicant(Closable):
    """Serves an OP-TEE with Trusted Applications and files, as tee-supplicant does.

        kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
        (folder / f"{MyTa.uuid}.ta").write_bytes(application_image(MyTa))
        with Supplicant(kernel, applications=[folder], storage=folder / "tee"):
            ...

    It serves loading Trusted Applications, files, and the memory for both; all else is
    NOT_SUPPORTED. As a context manager, or by close(), it comes to an end: what it was asked
    for and did not answer is COMMUNICATION to OP-TEE then.

    Args:
        kernel: a fake kernel, or anything else that answers system calls as one.
        applications: folders with Trusted Applications: files called UUID.ta, looked for in
            this order. See application_image.
        storage: the folder for the secure world's files, which is made if need be; or a file
            system; without it there are none (STORAGE_NOT_AVAILABLE).
        device: the path of the device.

    Raises:
        OSError: the device can't be opened; EBUSY if there is a supplicant already.

    Threads: serves in one of its own, and may be closed in any. A thread that waits in a real
    kernel can't be stopped by this: it ends with the process, and close() does not wait for it
    for ever.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        applications: Iterable[str | os.PathLike[str]] = (),
        storage: str | os.PathLike[str] | FileSystem | None = None,
        device: str = "/dev/teepriv0",
    ) -> None:
        folders = [Path(folder) for folder in applications]
        if storage is None or isinstance(storage, FileSystem):
            files = storage
        else:
            files = FolderFileSystem(storage)
        self._path = device
        self._device = SupplicantDevice(kernel, device)
        service = SupplicantService(
            self._device, folders, None if files is None else FileService(self._device, files)
        )
        # Not a method of this object: a thread that knew it would keep it from being collected.
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
        """Stop serving, and close the device; again is nothing."""
        if self._closed:
            return
        self._closed = True
        self._device.close()
        # It may be collected, and so closed, in that very thread.
        if self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)


def _serve(service: SupplicantService, device: SupplicantDevice) -> None:
    try:
        service.run()
    finally:
        device.free_all()


# Seconds for what it does at the moment, such as writing a file.
_PATIENCE = 10
