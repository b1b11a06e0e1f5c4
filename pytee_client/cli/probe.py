# SPDX-License-Identifier: BSD-2-Clause
"""The verb probe: whether applications are there."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Final
from uuid import UUID

from ..context import Context
from ..devices import BusDevice, enumerate_bus_devices
from ..enums import Login, Origin
from ..errors import BadParametersError, TeecError
from ..ta.optee.names import NAMES
from ._answer import Answer, Status
from ._application import to_application
from ._errors import CommandLineError
from ._invoking.opened import to_gid, to_login
from ._probing import Finding, Verdict, ask
from ._progress import Elapsed
from ._tee import add_install, add_tee, opened_context
from ._types import to_seconds

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Tell whether applications are there: a session is opened with each, and closed. So an\n"
    "application that is a file is loaded, and its code for a new session runs. One that answers\n"
    "with an error of its own is there."
)
EXAMPLES: Final = (
    "probe hello_world",
    "probe 8aaaf200-2450-11e4-abe2-0002a5d5c51b pkcs11 --json",
    "probe --all",
)
_TIMEOUT: Final = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "applications",
        nargs="*",
        type=to_application,
        metavar="APPLICATION",
        help="a UUID, or a well-known name such as hello_world",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help=f"ask all {len(NAMES)} well-known applications, and list those that are there; the"
        " exit status is 0 unless one can't be asked",
    )
    parser.add_argument("--login", type=to_login, default=Login.PUBLIC, help="as of invoke")
    parser.add_argument("--gid", type=to_gid, help="as of invoke")
    parser.add_argument(
        "--timeout",
        type=to_seconds,
        default=_TIMEOUT,
        metavar="SECONDS",
        help=f"in how long each has to answer; {_TIMEOUT:g} by default",
    )
    add_tee(parser)
    add_install(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """Ask the applications."""
    if arguments.all == bool(arguments.applications):
        raise CommandLineError("give applications, such as hello_world, or --all")
    uuids: list[UUID] = list(dict.fromkeys(arguments.applications or NAMES))
    findings = []
    with opened_context(arguments, timeout=arguments.timeout) as context:
        bus = _bus_devices(context)
        with Elapsed("asking applications") as progress:
            for number, uuid in enumerate(uuids, 1):
                progress.step(f"{number} of {len(uuids)}, {NAMES.get(uuid) or uuid}")
                findings.append(_ask(context, uuid, arguments, bus.get(uuid)))
    return _summary(findings) if arguments.all else _answer(findings)


def _bus_devices(context: Context) -> dict[UUID, BusDevice]:
    """Return the applications that are devices of the context's kernel."""
    kernel = context._native.kernel
    try:
        found = enumerate_bus_devices("linux" if kernel is None else kernel)
    except (OSError, TeecError):
        # They are no more than something to add.
        return {}
    return {device.uuid: device for device in found}


def _ask(
    context: Context, uuid: UUID, arguments: argparse.Namespace, bus: BusDevice | None
) -> Finding:
    try:
        return ask(context, uuid, login=arguments.login, gid=arguments.gid, bus_device=bus)
    except BadParametersError as error:
        if error.origin == Origin.API:
            raise CommandLineError(error.doing) from None
        raise


def _answer(findings: list[Finding]) -> Answer:
    # What could not be asked comes first: the others' answers may not be all there is.
    statuses = {one.verdict.status for one in findings}
    order = (Status.TEE_ERROR, Status.TIMED_OUT, Status.NOT_AS_WISHED)
    status = next((one for one in order if one in statuses), Status.OK)
    return Answer(
        {"applications": [one.data() for one in findings]},
        "".join(one.text() for one in findings),
        status,
    )


def _summary(findings: list[Finding]) -> Answer:
    """Leave out of the text what is not there, as most applications are not on any machine."""
    full = _answer(findings)
    shown = [one for one in findings if one.verdict is not Verdict.ABSENT]
    counts = Counter(one.verdict.is_there for one in findings)
    text = "".join(one.text() for one in shown)
    text += f"{counts[True]} of {len(findings)} well-known applications are there\n"
    is_wrong = full.status in (Status.TEE_ERROR, Status.TIMED_OUT)
    return Answer(full.data, text, full.status if is_wrong else Status.OK)
