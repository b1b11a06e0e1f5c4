# SPDX-License-Identifier: BSD-2-Clause
"""The flash image: Trusted Firmware-A, built here, around Debian's OP-TEE OS."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .. import host
from ..cache import Cache, digest
from ..process import run
from .packages import Packages

KERNEL_ADDRESS = 0x48000000
OPTEE_PLATFORM = "vexpress-qemu_armv8a"

_FLASH_SIZE = 64 << 20
_FIP_OFFSET = 64 * 4096


def firmware(cache: Cache, packages: Packages, sysroot: Path) -> Path:
    """The flash.bin of QEMU's virt machine with a secure world in it."""
    optee = [
        sysroot / f"usr/lib/optee/{OPTEE_PLATFORM}/tee-{part}_v2.bin"
        for part in ("header", "pager", "pageable")
    ]
    key = digest(
        [
            Path(__file__),
            packages.firmware_source.name,
            host.cross_compiler_version(),
            *(path for path in optee),
        ]
    )

    def make(place: Path) -> None:
        source = place / "source"
        run(["dpkg-source", "--no-check", "--extract", packages.firmware_source, source])
        run(
            ["make", f"-j{os.cpu_count() or 1}", *_variables(optee), "all", "fip"],
            cwd=source,
            env=host.bare_environment(),
        )
        _write_flash(source / "build/qemu/release", place / "flash.bin")
        shutil.rmtree(source)

    return cache.stage("firmware", key, make) / "flash.bin"


def _variables(optee: list[Path]) -> list[str]:
    header, pager, pageable = optee
    return [
        f"CROSS_COMPILE={host.CROSS}",
        "PLAT=qemu",
        "SPD=opteed",
        # Debian's OP-TEE is built for version 3 of the interrupt controller.
        "QEMU_USE_GIC_DRIVER=QEMU_GICV3",
        f"BL32={header}",
        f"BL32_EXTRA1={pager}",
        f"BL32_EXTRA2={pageable}",
        "BL32_RAM_LOCATION=tdram",
        # QEMU puts the kernel in memory itself, so there is no boot loader after the firmware.
        "ARM_LINUX_KERNEL_AS_BL33=1",
        f"PRELOADED_BL33_BASE={KERNEL_ADDRESS:#x}",
        "DEBUG=0",
        # Errors only: its notices would stand before every output of a test.
        "LOG_LEVEL=10",
    ]


def _write_flash(built: Path, flash: Path) -> None:
    with open(flash, "wb") as image:
        image.write((built / "bl1.bin").read_bytes())
        image.seek(_FIP_OFFSET)
        image.write((built / "fip.bin").read_bytes())
        image.truncate(_FLASH_SIZE)
