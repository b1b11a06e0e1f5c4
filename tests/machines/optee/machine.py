# SPDX-License-Identifier: BSD-2-Clause
"""One run of the machine: an overlay with the job in it, QEMU, and what the console says."""

from __future__ import annotations

import os
import secrets
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...support.progress import hide, working
from .. import host
from ..job import Job, received
from ..process import VmError, last_lines, run
from .build import Build
from .firmware import KERNEL_ADDRESS
from .overlay import write_overlay

TIMED_OUT = 124
MACHINE_FAILED = 125

_INITRD_ADDRESS = 0x50000000
_MACHINE = (
    # Without acpi=off a machine with firmware has no GPIO node in its device tree.
    "-machine",
    "virt,secure=on,gic-version=3,acpi=off",
    "-cpu",
    "cortex-a57",
    "-m",
    "2048",
    "-nic",
    "none",
    "-display",
    "none",
)
# What QEMU tells both worlds to begin their random numbers with.
_SEEDS = (("kaslr-seed", 2), ("rng-seed", 8))
_PROCESSORS = ("-smp", "2")
# QEMU before 8.1 gives all the time that is counted to the first of two processors, also when it
# waits in a loop for the other: OP-TEE then spins for ever, once in some ten runs.
_ICOUNT = ("-smp", "1", "-icount", "shift=0,align=off,sleep=off")
# An emulated processor is slow at what the last two leave out: kernel pages that come and go at
# every system call, which random addresses bring with them here, and self-tests of ciphers.
_BOOT_ARGUMENTS = (
    "console=ttyAMA0,115200 rdinit=/init loglevel=3 panic=-1 nokaslr cryptomgr.notests"
)
_KEPT_LOGS = 10
# Nobody writes to logs that are older, or is about to read them, in seconds.
_LOGS_IN_USE = 3600


@dataclass(frozen=True)
class Options:
    timeout: float | None = 600
    icount: bool = False
    secure_log: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        status: of the job's script, or why there is none.
        problem: empty when the machine did its part, whatever the status.
        files: those wanted of the job that were there when it ended.
        console_log: what the machine printed.
        secure_log: what its secure world printed.
    """

    status: int
    problem: str
    files: Mapping[str, bytes]
    console_log: Path
    secure_log: Path

    @property
    def console(self) -> str:
        return self.console_log.read_text(errors="replace")

    def explanation(self) -> str:
        text = f"{self.problem}\n" if self.problem else ""
        text += f"console log: {self.console_log}\nsecure world's log: {self.secure_log}"
        if self.secure_log.exists():
            text += ", which ends\n" + last_lines(self.secure_log.read_text(errors="replace"), 15)
        return text


@dataclass(frozen=True)
class Machine:
    build: Build
    options: Options = Options()

    def run(self, job: Job, show: Callable[[str], None] | None = None) -> Outcome:
        """Boots, does the job, and shows the console line by line until the job has ended."""
        logs = self._new_logs()
        secure_log = self.options.secure_log or logs / "secure.log"
        # Nothing that runs in the machine can guess this, so none of its output looks like it.
        nonce = f"machine-{secrets.token_hex(16)}"
        with tempfile.TemporaryDirectory(prefix="pytee_client-machine-") as scratch:
            command = self._command(Path(scratch), job, nonce, secure_log)
            with working("in the machine"):
                said = converse(
                    [
                        *command,
                        "-monitor",
                        "none",
                        "-serial",
                        "stdio",
                        "-serial",
                        f"file:{_quoted(secure_log)}",
                    ],
                    nonce,
                    self.options.timeout,
                    logs / "console.log",
                    show or _print,
                )
        sent = {name: said.files[name] for name in job.wanted if name in said.files}
        return Outcome(said.status, said.problem, sent, logs / "console.log", secure_log)

    def interact(self, job: Job) -> int:
        """Boots with the machine's console on the caller's terminal."""
        secure_log = self.options.secure_log or self._new_logs() / "secure.log"
        with tempfile.TemporaryDirectory(prefix="pytee_client-machine-") as scratch:
            command = self._command(Path(scratch), job, "", secure_log)
            qemu = subprocess.Popen(
                [*command, "-serial", "mon:stdio", "-serial", f"file:{_quoted(secure_log)}"]
            )
            try:
                return qemu.wait(self.options.timeout)
            except subprocess.TimeoutExpired:
                return TIMED_OUT
            finally:
                # Asked to end, it gives the terminal back as it was.
                _end(qemu)

    def _command(self, scratch: Path, job: Job, nonce: str, secure_log: Path) -> list[str]:
        host.require_to_run()
        secure_log.parent.mkdir(parents=True, exist_ok=True)
        secure_log.unlink(missing_ok=True)
        overlay = scratch / "overlay.cpio"
        write_overlay(overlay, self.build, job, nonce)
        base = self.build.base / "base.cpio"
        # The kernel reads one archive after the other, and skips zeros between them.
        overlay_address = _INITRD_ADDRESS + -(-base.stat().st_size // 4096) * 4096
        machine = [*_MACHINE, *(_ICOUNT if self.options.icount else _PROCESSORS)]
        tree = scratch / "machine.dtb"
        _write_device_tree(machine, tree, overlay_address + overlay.stat().st_size)
        if self.options.icount:
            _fix_seeds(tree)
        return [
            "qemu-system-aarch64",
            *machine,
            "-no-reboot",
            "-dtb",
            str(tree),
            "-bios",
            str(self.build.flash),
            "-device",
            _loader(self.build.base / "Image", KERNEL_ADDRESS),
            "-device",
            _loader(base, _INITRD_ADDRESS),
            "-device",
            _loader(overlay, overlay_address),
        ]

    def _new_logs(self) -> Path:
        every = self.build.cache.root / "logs"
        every.mkdir(parents=True, exist_ok=True)
        for old in sorted(path for path in every.iterdir())[: 1 - _KEPT_LOGS]:
            if time.time() - _last_written(old) > _LOGS_IN_USE:
                shutil.rmtree(old, ignore_errors=True)
        name = time.strftime("%Y%m%d-%H%M%S-")
        return Path(tempfile.mkdtemp(prefix=name, dir=every))


def _last_written(logs: Path) -> float:
    """When a file in there was changed last; now, if another process is removing them."""
    try:
        return max(path.stat().st_mtime for path in (logs, *logs.iterdir()))
    except FileNotFoundError:
        return time.time()


def _loader(path: Path, address: int) -> str:
    return f"loader,file={_quoted(path)},addr={address:#x},force-raw=on"


def _quoted(path: Path) -> str:
    return str(path).replace(",", ",,")


def _write_device_tree(machine: list[str], tree: Path, initrd_end: int) -> None:
    """QEMU's own description of this very machine, with what a boot loader would add."""
    run(["qemu-system-aarch64", *machine, "-machine", f"dumpdtb={_quoted(tree)}"], timeout=60)
    for name, address in (("start", _INITRD_ADDRESS), ("end", initrd_end)):
        run(["fdtput", "-t", "x", tree, "/chosen", f"linux,initrd-{name}", "0", f"{address:x}"])
    run(["fdtput", "-t", "s", tree, "/chosen", "bootargs", _BOOT_ARGUMENTS])


def _fix_seeds(tree: Path) -> None:
    """Where the secure world lies, by its seed, a call costs 800 instructions more or less."""
    for node in ("/chosen", "/secure-chosen"):
        for name, cells in _SEEDS:
            run(["fdtput", "-t", "x", tree, node, name, *(f"{7 + cell}" for cell in range(cells))])


@dataclass(frozen=True)
class Said:
    """What the machine itself had to say: its job's status, what went wrong, files."""

    status: int
    problem: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def converse(
    command: list[str],
    nonce: str,
    timeout: float | None,
    log_path: Path,
    show: Callable[[str], None],
) -> Said:
    """Logs and shows what QEMU prints until the job's status comes after a marker.

    The files come between two markers, and are neither logged nor shown.
    """
    files: list[str] | None = None
    with (
        open(log_path, "w", encoding="utf-8", newline="\n") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as qemu,
    ):
        assert qemu.stdout is not None
        try:
            for line in _lines(qemu.stdout, timeout):
                before, marker, after = line.partition(nonce)
                if files is None:
                    if marker and before:
                        before += "\n"
                    log.write(before)
                    log.flush()
                    show(before)
                else:
                    files.append(before)
                if marker and after.strip() == "files":
                    files = []
                elif marker:
                    return _said(after.strip(), "".join(files or ()))
        except TimeoutError:
            return Said(TIMED_OUT, f"no end after {timeout:.0f} s; --timeout gives it longer")
        finally:
            _end(qemu)
    return Said(
        MACHINE_FAILED,
        f"the machine stopped before the job ended (QEMU's status {qemu.returncode}): "
        "a kernel panic, a fault in the secure world, or QEMU itself; see the last output",
    )


def _said(word: str, files: str) -> Said:
    if not word.isdigit():
        return Said(
            MACHINE_FAILED, "the machine booted, but its TEE did not come up; see the last output"
        )
    try:
        return Said(int(word), "", received(files) if files else {})
    except VmError as error:
        return Said(MACHINE_FAILED, str(error))


def _lines(stream: IO[bytes], timeout: float | None) -> Iterator[str]:
    """Complete lines as they come, without carriage returns; TimeoutError at the deadline."""
    deadline = None if timeout is None else time.monotonic() + timeout
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and (left <= 0 or not selector.select(left)):
                if pending:
                    yield _text(pending) + "\n"
                raise TimeoutError
            data = os.read(stream.fileno(), 65536)
            if not data:
                break
            *complete, pending = (pending + data).split(b"\n")
            for line in complete:
                yield _text(line) + "\n"
    if pending:
        yield _text(pending) + "\n"


def _print(text: str) -> None:
    hide()
    print(text, end="", flush=True)


def _text(line: bytes) -> str:
    return line.replace(b"\r", b"").decode("utf-8", "replace")


def _end(qemu: subprocess.Popen[bytes]) -> None:
    qemu.terminate()
    try:
        qemu.wait(10)
    except subprocess.TimeoutExpired:
        qemu.kill()
        qemu.wait(10)
