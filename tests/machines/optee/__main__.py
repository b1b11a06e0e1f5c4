# SPDX-License-Identifier: BSD-2-Clause
"""The command line of the machine."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from ..cache import default_cache
from ..job import Job
from ..process import VmError, say
from ..suites import STABLE, SUITES
from . import bench, compare, drop_in, versions
from .build import Parts
from .command import Command, finished
from .machine import MACHINE_FAILED, TIMED_OUT, Machine, Outcome
from .packages import InconsistentArchiveError, fetch

_RECORD = "tmp/record.json"
# What pytest says of a selection that is empty.
_NO_TESTS = 5
# What programs say of what may succeed later (sysexits.h).
ARCHIVE_INCONSISTENT = os.EX_TEMPFAIL

_EPILOG = f"""\
verbs:
  build [--refresh]       make all that is not in the cache; --refresh: with packages of today
  versions [--save]       what the machine is made of, and what of it has changed since the last
                          green run of CI; --save: this run was green
  run SCRIPT...           files of the host, run one after the other until one fails
  shell                   a shell in the machine on this terminal; Ctrl-A x ends the machine
  test [--record=FILE] [PYTEST ARGS]
                          the tests for a device on /dev/tee0, then examples/hello_world.py;
                          FILE of the host gets what pytest's own --record writes there, with
                          the suite before the device
  fidelity [--seed N] [--programs N]
                          random programs of system calls, the same outcomes as on the fake?
  properties [--adopt]    which release of Linux runs there, by what tells releases apart for the
                          fake; --adopt: make it one of those that the fake knows
  bench [--short] [--only NAME] [--json FILE] [--markdown] [--baseline FILE] ...
                          what calls cost in instructions, against C over Debian's libteec
  drop-in                 all of Debian that depends on libteec, over our library: nothing that it
                          imports is missing, it loads, and makes keys and signatures
  xtest [--teec=ours|debian|both] [--keep] [CASES]
                          OP-TEE's own tests (regression and PKCS#11), all or those named, with
                          the whole machine over our library;
                          both: every verdict must be the same as over Debian's, which is kept
                          by the versions of its packages and measured where these are others;
                          --keep: and then kept

The status is that of what failed first in the machine; {TIMED_OUT} when time was up,
{MACHINE_FAILED} when the machine could not be built or did not hold to the end, and
{ARCHIVE_INCONSISTENT} when Debian's archive serves no packages that fit each other today, which
it may for the newest suite.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    parsed = parser.parse_args(arguments)
    command = Command(
        SUITES[parsed.suite], parsed.icount, parsed.timeout, parsed.secure_log, parsed.words
    )
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        status = _VERBS[parsed.verb](command)
        if status and parsed.verb not in ("run", "shell"):
            _say_what_changed(command)
        return status
    except InconsistentArchiveError as error:
        say(f"error: {error}")
        return ARCHIVE_INCONSISTENT
    except VmError as error:
        say(f"error: {error}")
        _say_what_changed(command)
        return MACHINE_FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not complain of it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _say_what_changed(command: Command) -> None:
    """Name the packages that may be the reason."""
    with contextlib.suppress(VmError):
        say(versions.changes(fetch(default_cache(), command.suite)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.machines.optee",
        description="A machine with real OP-TEE, from Debian packages, under QEMU.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--suite",
        choices=SUITES,
        default=STABLE.name,
        help="stable (the default): Debian's; newest: testing, with what unstable alone has",
    )
    parser.add_argument(
        "--icount",
        action="store_true",
        help="virtual time counts instructions: figures that repeat",
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="end the machine after so long"
    )
    parser.add_argument(
        "--secure-log",
        type=Path,
        metavar="PATH",
        help="where the secure world's log goes (else logs/ in the cache)",
    )
    parser.add_argument("verb", choices=sorted(_VERBS))
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def _build(command: Command) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee build")
    parser.add_argument("--refresh", action="store_true", help="fetch the packages anew")
    parsed = parser.parse_args(command.words)
    built = command.build(Parts.ALL, refresh=parsed.refresh)
    say(f"everything is in {built.cache.root}")
    print(versions.headline(built.packages))
    return 0


def _versions(command: Command) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee versions")
    parser.add_argument("--save", action="store_true", help="keep them as those of a green run")
    parsed = parser.parse_args(command.words)
    packages = command.build(Parts.NONE).packages
    print(versions.headline(packages))
    print(versions.changes(packages))
    if parsed.save:
        versions.save(packages)
    return 0


def _run(command: Command) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee run")
    parser.add_argument("scripts", nargs="+", type=Path, metavar="SCRIPT")
    files, lines = {}, ["set -e"]
    for number, path in enumerate(parser.parse_args(command.words).scripts):
        place = f"vm/scripts/{number}/{path.name}"
        try:
            files[place] = path.read_bytes()
        except OSError as error:
            raise VmError(f"{path} can't be read: {error.strerror}") from error
        runner = "python3 " if path.suffix == ".py" else ""
        lines.append(runner + shlex.quote(f"/{place}"))
    job = Job("\n".join(lines) + "\n", files)
    return finished(Machine(command.build(Parts.ALL), command.options(600)).run(job))


def _shell(command: Command) -> int:
    argparse.ArgumentParser(prog="python -m tests.machines.optee shell").parse_args(command.words)
    size = shutil.get_terminal_size()
    job = Job(
        f"stty rows {size.lines} cols {size.columns}\n"
        "export TERM=vt220\n"
        "exec busybox setsid busybox cttyhack bash\n"
    )
    machine = Machine(command.build(Parts.ALL), command.options(None))
    say("Ctrl-D or Ctrl-A x ends the machine")
    return machine.interact(job)


def _test(command: Command) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.machines.optee test",
        usage="%(prog)s [-h] [--record=FILE] [PYTEST ARGS]",
        allow_abbrev=False,
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="a file of the host")
    parsed, words = parser.parse_known_args(command.words)
    record: Path | None = parsed.record
    if record is not None:
        if not record.absolute().parent.is_dir():
            raise VmError(f"{record} can't be written: there is no such directory")
        words.append(f"--record=/{_RECORD}")
    # A pytest that gets a folder and a file in it runs the whole folder.
    names_tests = any(Path(word.partition("::")[0]).exists() for word in words)
    paths = () if names_tests else ("tests/contract", "tests/fidelity/test_vectors.py")
    made = command.build(Parts.ALL)
    statuses = []
    proved: dict[str, dict[str, list[str]]] = {}
    for tests in ("not own_boot", "own_boot"):
        pytest = shlex.join(
            [
                *("python3", "-m", "pytest", "-p", "no:cacheprovider"),
                # There it is always a terminal that pytest sees.
                f"--color={'yes' if sys.stdout.isatty() else 'no'}",
                *(*paths, "--tee=/dev/tee0", *words),
                *("-m", tests),
            ]
        )
        job = Job(
            "status=0\n"
            f"{pytest} || status=$?\n"
            "python3 examples/hello_world.py || { other=$?; [ $status -ne 0 ] || status=$other; }\n"
            "exit $status\n",
            wanted=() if record is None else (_RECORD,),
        )
        outcome = Machine(made, command.options(1800)).run(job)
        if record is not None and not _joined(outcome, command, proved) and outcome.status == 0:
            return MACHINE_FAILED
        statuses.append(outcome.status)
        if outcome.status != _NO_TESTS:
            finished(outcome)
    if record is not None:
        _save(proved, record)
    # Where a selection has tests in one of the two, that is what counts.
    return next((status for status in statuses if status not in (0, _NO_TESTS)), min(statuses))


def _fidelity(command: Command) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee fidelity")
    parser.add_argument("--seed", type=int, default=1, help="which programs (default: 1)")
    parser.add_argument("--programs", type=int, default=1000, help="how many (default: 1000)")
    parsed = parser.parse_args(command.words)
    # The library must be there for it, as for no other verb.
    from . import fidelity

    machine = Machine(command.build(Parts.EXTENSION), command.options(3600))
    return fidelity.measure(machine.run, parsed.seed, parsed.programs)


def _properties(command: Command) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee properties")
    parser.add_argument("--adopt", action="store_true", help="make it a known release")
    parsed = parser.parse_args(command.words)
    from . import fidelity

    machine = Machine(command.build(Parts.EXTENSION), command.options(600))
    return fidelity.properties(machine.run, adopt=parsed.adopt)


def _bench(command: Command) -> int:
    def run(job: Job) -> Outcome:
        return Machine(command.build(Parts.ALL), replace(command, icount=True).options(1200)).run(
            job
        )

    return bench.main(command.words, run)


def _joined(outcome: Outcome, command: Command, proved: dict[str, dict[str, list[str]]]) -> bool:
    """Add what a boot proved."""
    content = outcome.files.get(_RECORD)
    if content is None:
        say("error: no record came back")
        return False
    for test, places in json.loads(content).items():
        proved.setdefault(test, {}).update(
            (f"{command.suite.name}:{place}" if place.startswith("/") else place, statements)
            for place, statements in places.items()
        )
    return True


def _save(proved: dict[str, dict[str, list[str]]], record: Path) -> None:
    try:
        record.write_text(json.dumps(proved, indent=1, sort_keys=True), encoding="utf-8")
    except OSError as error:
        raise VmError(f"{record} can't be written: {error.strerror}") from error
    say(f"{record}: {len(proved)} tests")


def _on_terminate(number: int, frame: FrameType | None) -> None:
    """Unwinds, so that QEMU does not outlive its builder."""
    raise SystemExit(128 + number)


_VERBS: dict[str, Callable[[Command], int]] = {
    "bench": _bench,
    "build": _build,
    "drop-in": drop_in.main,
    "fidelity": _fidelity,
    "properties": _properties,
    "run": _run,
    "shell": _shell,
    "test": _test,
    "versions": _versions,
    "xtest": compare.main,
}

if __name__ == "__main__":
    sys.exit(main())
