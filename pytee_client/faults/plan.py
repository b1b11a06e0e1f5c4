# SPDX-License-Identifier: BSD-2-Clause
"""Plans: which system calls get which faults."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from .._checks import to_callable, to_count, to_instance, to_number
from ..enums import Origin, Result
from ..errors import BadParametersError, ParameterTypeError
from ..kernels import ObservedCall, SystemCall
from .action import Action
from .actions import Answer, Delay, Fail, Oversize

__all__ = ["Fault", "Plan", "Strike"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the system calls that it strikes.

    It counts calls of its kind for which where() is true, from 1 when the plan becomes active.
    Without a kind it counts all calls that its action can strike.

    Attributes:
        call: the kind of calls; None for any kind.
        action: what it does to a call.
        nth: the number of the first call that it strikes.
        times: how many calls it strikes; None for no limit.
        every: the distance between the calls that it strikes.
        where: returns whether a call counts; None if all count.

    Raises:
        ValueError: a number is less than 1, or the action can't strike such calls.
        ParameterTypeError: a ValueError too; one of these is not what it must be.
    """

    call: SystemCall | None
    action: Action
    nth: int = 1
    times: int | None = 1
    every: int = 1
    where: Callable[[ObservedCall], bool] | None = None

    def __post_init__(self) -> None:
        if self.call is not None:
            to_instance(self.call, SystemCall, "call", "such as SystemCall.INVOKE, or None")
        to_instance(self.action, Action, "action", "such as Fail(errno.ENOMEM)")
        object.__setattr__(self, "nth", to_count(self.nth, "nth", low=1))
        object.__setattr__(self, "every", to_count(self.every, "every", low=1))
        if self.times is not None:
            object.__setattr__(self, "times", to_count(self.times, "times", low=1))
        if self.where is not None:
            to_callable(self.where, "where")
        if self.call is not None and self.call not in self.action.calls:
            names = ", ".join(sorted(call.name for call in self.action.calls))
            raise ValueError(
                f"{type(self.action).__name__} can't strike {self.call.name}, only {names}"
            )
        if (
            isinstance(self.action, Answer)
            and self.action.result == Result.SUCCESS
            and self.call in (SystemCall.OPEN_SESSION, None)
        ):
            raise ValueError("an Answer can't open a session: use another result, or no fault")

    def counts(self, call: ObservedCall) -> bool:
        """Return whether a call counts for this fault."""
        if call.call not in (self.action.calls if self.call is None else (self.call,)):
            return False
        return self.where is None or self.where(call)

    def strikes(self, count: int) -> bool:
        """Return whether the fault strikes the call with a number."""
        since = count - self.nth
        if since < 0 or since % self.every:
            return False
        return self.times is None or since // self.every < self.times

    def __str__(self) -> str:
        kind = "any call" if self.call is None else self.call.name
        which = f"{kind} no. {self.nth}"
        if self.times != 1:
            step = f", then every {self.every}th" if self.every > 1 else " and those after it"
            end = "" if self.times is None else f", {self.times} in all"
            which += step + end
        condition = "" if self.where is None else ", of some"
        return f"{which}{condition}: {self.action}"


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that struck a call.

    Attributes:
        fault: the fault.
        number: the number of the call, as the fault counts.
        call: the call, before it was served.
    """

    fault: Fault
    number: int
    call: ObservedCall


def _list_of(values: Iterable[_T], kind: type[object], what: str) -> tuple[_T, ...]:
    if isinstance(values, kind) or not isinstance(values, Iterable):
        raise ParameterTypeError(f"{what} must be a list, such as [{kind.__name__}(...)], not one")
    return tuple(to_instance(value, kind, f"each of {what}", "make it first") for value in values)


_ERRNOS: Final = (
    errno.ENOMEM,
    errno.EINVAL,
    errno.EFAULT,
    errno.EBUSY,
    errno.EIO,
    errno.ENODEV,
    errno.EMFILE,
    errno.EINTR,
)
_ACTIONS: Final = (
    *(Fail(error) for error in _ERRNOS),
    *(
        Answer(result, origin, run)
        for result, origin in (
            (Result.OUT_OF_MEMORY, Origin.TEE),
            (Result.BUSY, Origin.TEE),
            (Result.TARGET_DEAD, Origin.TEE),
            (Result.COMMUNICATION, Origin.COMMS),
            (Result.GENERIC, Origin.TRUSTED_APP),
        )
        for run in (False, True)
    ),
    Oversize(1),
    Oversize(2**32),
    Delay(0.001),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A sequence of faults. If several strike a call, they act in this order.

    A plan is immutable. Several kernels can use the same plan, and each counts for itself.
    str() describes the plan in words.
    """

    faults: Sequence[Fault] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "faults", _list_of(self.faults, Fault, "faults"))

    @classmethod
    def random(
        cls,
        seed: int,
        *,
        faults: int = 3,
        among: int = 50,
        actions: Iterable[Action] = _ACTIONS,
    ) -> Plan:
        """Make a random plan, the same one for the same arguments.

        Args:
            seed: any number; print it when a test fails.
            faults: the number of faults.
            among: each fault strikes one of this many first calls that its action can strike.
            actions: the actions to choose from; by default errors, answers and sizes that real
                drivers and TEEs return.
        """
        chance = random.Random(to_number(seed, "seed", -(2**64), 2**64, "at most 2**64"))
        faults = to_count(faults, "faults")
        among = to_count(among, "among", low=1)
        choices = _list_of(actions, Action, "actions")
        if faults and not choices:
            raise BadParametersError("actions is empty: give at least one action")
        return cls(
            [
                Fault(None, chance.choice(choices), nth=chance.randint(1, among))
                for _ in range(faults)
            ]
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults)) or "no faults"
