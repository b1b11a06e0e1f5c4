# SPDX-License-Identifier: BSD-2-Clause
"""The end of the interpreter while calls are with a TEE that does not answer."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from ...support.programs import program
from ...support.stand_in import environment
from ...support.waiting import LIMIT

ON_A_DEVICE = """
import os
from pathlib import Path
from pytee_client.kernels import uapi
from tests.support.stand_in import ALWAYS, StandIn
device = StandIn(Path(os.environ["PYTEE_STAND_IN"]), Path(os.environ["LD_PRELOAD"]))
context = tee.Context(device.path, max_calls=3)
session = context.open_session(uuid.UUID(int=1))
rule = device.on(uapi.TEE_IOC_INVOKE, hold=True, times=ALWAYS)
wait_for = lambda count: rule.wait(count)
"""
ON_THE_FAKE = """
from pytee_client import fake
entered = threading.Semaphore(0)
class Stuck(fake.TrustedApplication):
    uuid = uuid.UUID(int=1)
    flags = 0
    def invoke_command(self, session, command, parameters):
        entered.release()
        threading.Event().wait()
context = tee.Context(backend=fake.Kernel(applications=[Stuck]), max_calls=3)
session = context.open_session(Stuck.uuid)
wait_for = lambda count: entered.acquire(timeout=60)
"""
KERNELS = {"device": ON_A_DEVICE, "fake": ON_THE_FAKE}

CALLS = {
    "given up": """
try:
    session.invoke_command(0, tee.MemrefTempInOut(bytearray(9)), timeout=.01, grace=.01)
except tee.DeadlineError:
    wait_for(1)
""",
    "submitted": """
futures = [session.submit(0, tee.ValueInOut(1, 2), timeout=60) for _ in range(5)]
wait_for(1)
""",
    "plain": """
threading.Thread(target=session.invoke_command, args=(0,), daemon=True).start()
wait_for(1)
""",
    "prepared": """
command = session.prepare(0)
threading.Thread(target=command, daemon=True).start()
wait_for(1)
""",
    "timed": """
call = lambda: session.invoke_command(0, timeout=60)
threading.Thread(target=call, daemon=True).start()
wait_for(1)
""",
    "all": """
try:
    session.invoke_command(0, tee.MemrefTempInOut(bytearray(9)), timeout=.01, grace=.01)
except tee.DeadlineError:
    pass
futures = [session.submit(0, tee.ValueInOut(1, 2)) for _ in range(5)]
call = lambda: session.invoke_command(0, timeout=60)
for target in (call, lambda: session.invoke_command(0)):
    threading.Thread(target=target, daemon=True).start()
wait_for(1)
""",
}
ENDS = {
    "end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "os._exit": ("sys.stdout.flush(); os._exit(4)", 4),
    "exception": ("raise LookupError('the last word')", 1),
    "signal": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "handler": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); os.kill(os.getpid(), 15);"
        " threading.Event().wait(60)",
        5,
    ),
}


def run(
    tmp_path: Path, kernel: str, script: str, *options: str
) -> subprocess.CompletedProcess[str]:
    start = "import atexit, os, signal, sys, threading, uuid\nimport pytee_client as tee\n"
    script = f"{start}{KERNELS[kernel]}{script}"
    return subprocess.run(
        program(script, options=("-X", "faulthandler", *options)),
        check=False,
        env=environment(tmp_path / "tee0"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


@pytest.mark.parametrize(
    ("calls", "end"), [*((calls, "end") for calls in CALLS), *(("all", end) for end in ENDS)]
)
@pytest.mark.parametrize("kernel", KERNELS)
def test_python_ends_whatever_the_tee_does(
    tmp_path: Path, kernel: str, calls: str, end: str
) -> None:
    last, status = ENDS[end]
    script = f"{CALLS[calls]}\nprint('all is said', flush=True)\n{last}"
    done = run(tmp_path, kernel, script, "-W", "ignore::ResourceWarning")
    assert (done.returncode, done.stdout) == (status, "all is said\n"), done.stderr
    assert "LookupError" in done.stderr if end == "exception" else not done.stderr


@pytest.mark.parametrize("kernel", KERNELS)
def test_with_does_not_keep_the_end_from_coming(tmp_path: Path, kernel: str) -> None:
    script = """
def stop(*_):
    raise SystemExit(7)
signal.signal(signal.SIGTERM, stop)
def terminate():
    wait_for(1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=terminate, daemon=True).start()
with context, session:
    session.invoke_command(0, tee.MemrefTempInOut(bytearray(9)), timeout=60)
"""
    done = run(tmp_path, kernel, script, "-W", "error")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_handler_closes_within_its_time_and_ends_the_process(tmp_path: Path, kernel: str) -> None:
    script = """
def stop(*_):
    try:
        context.close(timeout=.1)
    except tee.DeadlineError as error:
        print(error.still_running, context.closed, session.closed)
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
future = session.submit(0, tee.ValueInOut(1, 2))
wait_for(1)
threading.Timer(.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
future.result()
"""
    done = run(tmp_path, kernel, script, "-W", "error")
    assert (done.returncode, done.stdout, done.stderr) == (7, "True True True\n", "")


@pytest.mark.parametrize("options", [("-X", "dev"), ("-W", "error"), ()])
def test_what_was_forgotten_is_warned_of_and_nothing_else_is_said(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    script = """
block = context.allocate_shared_memory(64)
atexit.register(print, "bye", flush=True)
"""
    for kernel in KERNELS:
        done = run(tmp_path, kernel, script, *options)
        assert (done.returncode, done.stdout) == (0, "bye\n"), done.stderr
        said = [line for line in done.stderr.splitlines() if "Traceback" in line]
        assert not said or options == ("-W", "error"), done.stderr
        unclosed = len(re.findall(r"unclosed <\w+", done.stderr))
        assert unclosed == (3 if options else 0), done.stderr


def test_callbacks_run_before_the_end_or_not_at_all(tmp_path: Path) -> None:
    script = """
device.on(uapi.TEE_IOC_INVOKE, times=ALWAYS)
futures = [session.submit(1) for _ in range(200)]
for future in futures:
    future.add_done_callback(lambda future: future.exception())
rule.let_go(200)
"""
    for _ in range(3):
        done = run(tmp_path, "device", script, "-W", "ignore::ResourceWarning")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_functions_of_atexit_can_still_make_calls(tmp_path: Path) -> None:
    script = """
def last():
    rule.let_go(100)
    print(session.invoke_command(0, tee.ValueInOut(1, 2), timeout=60))
    # Since 3.12, Python starts no thread then, which a time-out of this would need.
    print(session.submit(0, tee.ValueInOut(1, 2)).result())
    context.close(timeout=60)
atexit.register(last)
"""
    done = run(tmp_path, "device", script, "-W", "error")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "(Value(a=2, b=2),)\n" * 2
