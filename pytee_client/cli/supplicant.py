# SPDX-License-Identifier: BSD-2-Clause
"""The verb supplicant: an OP-TEE is served with applications and files."""

from __future__ import annotations

import argparse
import signal
from collections import Counter
from pathlib import Path
from typing import Final

from .._failed_system_calls import for_errno
from .._opening import supplicant_error
from .._results import error_of
from ..enums import Origin, Result
from ..errors import TeecError
from ..kernels import Kernel, LinuxKernel
from ..supplicant import FolderFileSystem
from ..supplicant.described import kind_of, request_text, result_text
from ..supplicant.device import Request, SupplicantDevice
from ..supplicant.files import FileService
from ..supplicant.service import SupplicantService
from ..supplicant.serving import serve_until_signal
from ._answer import Answer, Status
from ._errors import InputError, error_data, error_text
from ._output import say
from ._types import to_file, to_path

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Serve the requests of an OP-TEE, as tee-supplicant does: Trusted Applications from folders,\n"
    "and files in a folder. It does not serve RPMB, sockets and plugins. SIGTERM or SIGINT ends\n"
    "it, once the request at hand is answered. A device takes one supplicant: stop\n"
    "tee-supplicant first, while no program has a session."
)
EXAMPLES: Final = (
    "supplicant",
    "supplicant --applications out/ta --applications /lib/optee_armtz",
    "supplicant --device /dev/teepriv1 --storage /var/lib/tee1 --json",
)
# Those of tee-supplicant.
_APPLICATIONS: Final = Path("/lib/optee_armtz")
_STORAGE: Final = Path("/var/lib/tee")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "--device",
        default="/dev/teepriv0",
        type=to_file,
        metavar="PATH",
        help="the device of OP-TEE for its supplicant (default: %(default)s)",
    )
    parser.add_argument(
        "--applications",
        action="append",
        type=to_path,
        metavar="FOLDER",
        help="a folder with Trusted Applications in files UUID.ta; may be given again, and the"
        f" first that has a file serves it (default: {_APPLICATIONS})",
    )
    storage = parser.add_mutually_exclusive_group()
    storage.add_argument(
        "--storage",
        default=_STORAGE,
        type=to_path,
        metavar="FOLDER",
        help="the folder for the files of the secure world, which is made if it is missing"
        " (default: %(default)s)",
    )
    storage.add_argument(
        "--no-storage", action="store_true", help="serve no files: they are STORAGE_NOT_AVAILABLE"
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="tell each request, on the standard error stream",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Serve until a signal comes."""
    return serve(LinuxKernel(), arguments)


def serve(kernel: Kernel, arguments: argparse.Namespace) -> Answer:
    """Serve a kernel's OP-TEE until a signal comes."""
    folders = _folders(arguments.applications)
    path: str = arguments.device
    try:
        device = SupplicantDevice(kernel, path)
    except OSError as error:
        raise _teec_error(supplicant_error(path, error), path) from None
    told = _Told(arguments.verbose)
    try:
        files = None if arguments.no_storage else _files(arguments.storage)
        service = SupplicantService(
            device, folders, None if files is None else FileService(device, files), told
        )
    except BaseException:
        device.close()
        raise
    storage = "no storage" if files is None else f"storage in {arguments.storage}"
    say(f"serving {path}: applications in {', '.join(map(str, folders))}; {storage}")
    end = serve_until_signal(device, service)
    data = {
        "device": path,
        "ended_by": end.name if isinstance(end, signal.Signals) else None,
        "requests": dict(told.requests),
        "refused": told.refused,
    }
    if isinstance(end, signal.Signals):
        return Answer(data)
    failure = _teec_error(end, path)
    say(f"error: serving {path} has ended: {error_text(failure)}")
    return Answer({**data, "error": error_data(failure)}, status=Status.TEE_ERROR)


class _Told:
    """Counts requests, and tells each if somebody wants it."""

    def __init__(self, is_verbose: bool) -> None:
        self._is_verbose = is_verbose
        self.requests: Counter[str] = Counter()
        self.refused = 0

    def __call__(self, request: Request, result: int, nanoseconds: int) -> None:
        self.requests[kind_of(request)] += 1
        self.refused += result != Result.SUCCESS
        if self._is_verbose:
            say(f"{request_text(request)}: {result_text(result)}, {nanoseconds / 1e6:.1f} ms")


def _folders(given: list[Path] | None) -> list[Path]:
    for folder in given or ():
        if not folder.is_dir():
            raise InputError(f"--applications {folder} is no folder: make it, or name another")
    if given is None and not _APPLICATIONS.is_dir():
        say(
            f"warning: there is no folder {_APPLICATIONS}, so no application can be loaded from"
            " its file: name one by --applications"
        )
    return given or [_APPLICATIONS]


def _files(folder: Path) -> FolderFileSystem:
    try:
        return FolderFileSystem(folder)
    except OSError as error:
        raise InputError(
            f"--storage {folder} can't be used: {error.strerror}; name another folder, or give"
            " --no-storage"
        ) from None


def _teec_error(error: OSError, path: str) -> TeecError:
    """Return an error of the device as one of the library."""
    if isinstance(error, TeecError):
        return error
    number = error.errno or 0
    doing = f"serving {path}"
    return error_of(Result.GENERIC, Origin.COMMS, number, doing, remedy=for_errno(number))
