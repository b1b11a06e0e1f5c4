# SPDX-License-Identifier: BSD-2-Clause
"""The verb drop-in: Debian's packages are read, loaded and used over this library."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ... import host
from ...job import Job
from ...process import VmError, run, say
from ...suites import NEWEST
from .. import packages
from ..build import Build, Parts
from ..command import Command, finished
from ..machine import Machine
from ..xtest import OURS
from . import dependents, programs, results

_HERE = Path(__file__).parent


def main(command: Command) -> int:
    """Do what the verb drop-in stands for, and return its status."""
    argparse.ArgumentParser(prog="python -m tests.machines.optee drop-in").parse_args(command.words)
    built = command.build(Parts.LIBTEEC)
    assert built.libteec is not None
    root = dependents.unpacked(built.cache, [*built.packages.dependents, *_only_newest(built)])
    found = dependents.binaries(root)
    exported = dependents.exports(built.libteec)
    theirs = frozenset[str]().union(*map(dependents.exports, dependents.libteecs(root)))
    missing = list(dependents.complaints(exported, theirs, found))
    for problem in missing:
        say(problem)

    loaded = {
        f"opt/dependents/{number}/{each.path.name}": each for number, each in enumerate(found)
    }
    kit = packages.sysroot(built.cache, built.packages)
    job = Job(
        (_HERE / "guest.sh").read_text(),
        {
            **{place: each.path.read_bytes() for place, each in loaded.items()},
            **programs.build(root, kit, built.project, built.libteec),
        },
        wanted=list(results.RESULTS.values()),
        environment=OURS,
    )
    outcome = Machine(built, command.options(600)).run(job)
    status = finished(outcome)
    if outcome.problem:
        return status
    problems = [
        *results.complaints(
            outcome.files, {f"/{place}": str(each) for place, each in loaded.items()}
        ),
        *_of_signature(outcome.files),
    ]
    for problem in problems:
        say(problem)
    problems += missing
    if not problems and not status:
        say(
            f"{', '.join(map(str, found))}: all of them over this library, which exports "
            f"{len(exported)} symbols as Debian's"
        )
    return status or (1 if problems else 0)


def _of_signature(files: Mapping[str, bytes]) -> Iterator[str]:
    """Say what is wrong with what the token signed, to somebody else's cryptography."""
    python = host.python_with("cryptography", "python3-cryptography")
    with tempfile.TemporaryDirectory(prefix="pytee_client-") as scratch:
        paths = []
        for name in ("public.der", "message", "signature"):
            path = Path(scratch, name)
            path.write_bytes(files.get(results.RESULTS[name], b""))
            paths.append(path)
        try:
            curve = run([python, _HERE / "verify.py", *paths]).strip()
        except VmError as error:
            yield f"the signature that pkcs11-tool made does not hold: {error}"
        else:
            say(f"pkcs11-tool made a key on {curve}, and a signature that holds")


def _only_newest(built: Build) -> list[Path]:
    """Return what the newest suite has and this one lacks, with the headers of all."""
    if built.packages.suite == NEWEST:
        return []
    own = {packages.name_and_version(deb.name)[0] for deb in built.packages.dependents}
    own.discard("optee-client-dev")
    try:
        newest = packages.fetch(built.cache, NEWEST)
    except packages.InconsistentArchiveError as error:
        say(f"NOT MEASURED: what the newest suite alone has: {error}")
        return []
    return [deb for deb in newest.dependents if packages.name_and_version(deb.name)[0] not in own]
