# SPDX-License-Identifier: BSD-2-Clause
"""The verb applications: which Trusted Applications there are."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .._backend import resolve_backend
from ..devices import (
    enumerate_bus_devices,
    enumerate_devices,
    find_application_files,
)
from ._answer import Answer, Status
from ._application_texts import data_of_file, name_of, text_of_file
from ._doctor import Machine, Patient
from ._errors import InputError
from ._own_list import OwnList, ask_for_list
from ._printable import printable
from ._progress import Progress
from ._tee import Tee, add_tee, tee_of
from ._types import to_path

if TYPE_CHECKING:
    from ..devices import ApplicationFile, BusDevice

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "List the Trusted Applications that can be found: those that are devices of the kernel's TEE\n"
    "bus, those that OP-TEE lists, and files of signed applications. For a file it says what its\n"
    "header says: UUID, version, which key signed it where the file tells; and what is wrong with\n"
    "it. No TEE lists all of its applications: probe asks for one."
)
EXAMPLES: Final = (
    "applications",
    "applications --folder out/ta --no-usual-folders",
    "applications --tee fake:optee --json",
)
_WIDTH: Final = 80
_DEFAULT: Final = "that of the machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_tee(parser, _DEFAULT)
    parser.add_argument(
        "--folder",
        action="append",
        default=[],
        type=to_path,
        metavar="FOLDER",
        help="a folder to look in for files too; may be given again",
    )
    parser.add_argument(
        "--no-usual-folders",
        action="store_true",
        help="do not look in the folders that usually have them, such as /lib/optee_armtz",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """List them."""
    tee = tee_of(arguments)
    kernel = resolve_backend(tee.backend)
    # What a kernel in Python has is not in folders of the machine.
    is_usual = kernel is None and not arguments.no_usual_folders
    folders = [str(one) for one in arguments.folder]
    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError(f"--folder: {folder} is no folder")
    if is_usual:
        folders = list(dict.fromkeys([*Patient(Machine(), None, None).folders, *folders]))
    devices = enumerate_devices(kernel)
    bus = enumerate_bus_devices(kernel)
    with Progress("asking OP-TEE and reading files") as progress:
        progress.step()
        own = ask_for_list(Tee(tee.device, kernel or "linux")) if devices else OwnList()
        files = {folder: find_application_files([folder]) for folder in folders}
    found_none = not devices and not any(files.values())
    return Answer(
        _data(bus, own, files),
        _text(bus, own, files) if devices or files else "No TEE device, and no files.\n",
        Status.NO_TEE if found_none else Status.OK,
    )


def _data(
    bus: tuple[BusDevice, ...], own: OwnList, files: dict[str, tuple[ApplicationFile, ...]]
) -> dict[str, Any]:
    return {
        "bus": [
            {
                "name": device.name,
                "uuid": str(device.uuid),
                "application": name_of(device.uuid),
                "driver": device.driver,
                "needs_supplicant": device.needs_supplicant,
            }
            for device in bus
        ],
        "enumeration": own.data(),
        "folders": list(files),
        "files": [data_of_file(file) for found in files.values() for file in found],
    }


def _text(
    bus: tuple[BusDevice, ...], own: OwnList, files: dict[str, tuple[ApplicationFile, ...]]
) -> str:
    lines = ["On the TEE bus:", *_indented(_of_bus(bus))]
    if own.is_optee or own.error is not None:
        lines += ["", "OP-TEE's own list of devices:", *_indented(own.lines())]
    for folder, found in files.items():
        lines += ["", f"Files in {printable(folder)}:", *([] if found else ["  none"])]
        for file in found:
            name = file.uuid or printable(Path(file.path).name)
            lines.append(f"  {name} {name_of(file.uuid) or '-'}")
            lines += _indented(text_of_file(file), 6)
    return "\n".join(lines) + "\n"


def _of_bus(bus: tuple[BusDevice, ...]) -> list[str]:
    made = []
    for device in bus:
        driver = f"driver {device.driver}" if device.driver else "no driver of the kernel"
        found = ", found once there was a supplicant" if device.needs_supplicant else ""
        made.append(f"{device.uuid} {name_of(device.uuid) or '-'}: {driver}{found}")
    return made or ["none"]


def _indented(lines: list[str], depth: int = 2) -> list[str]:
    made = []
    for line in lines:
        made += textwrap.wrap(
            line,
            _WIDTH,
            initial_indent=" " * depth,
            subsequent_indent=" " * (depth + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return made
