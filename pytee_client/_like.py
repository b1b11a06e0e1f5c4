# SPDX-License-Identifier: BSD-2-Clause
"""Methods that are called as one of another class, whose overloads need not be written again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

_MethodT = TypeVar("_MethodT", bound=Callable[..., object])


class Like(Generic[_MethodT]):
    """What type checkers take a method for that is called as another one."""

    if TYPE_CHECKING:

        def __get__(self, instance: object, owner: object = None) -> _MethodT: ...


if TYPE_CHECKING:

    def like(method: _MethodT) -> Callable[[Callable[..., object]], Like[_MethodT]]:
        """Say that a method takes and returns what a bound method of another class does."""
        raise NotImplementedError

else:

    def like(_):
        """Leave the method as it is; only type checkers see another type."""
        return lambda function: function
