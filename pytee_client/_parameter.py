# SPDX-License-Identifier: BSD-2-Clause
"""The base of all parameters."""

from __future__ import annotations

from . import _hints as t
from ._outputs import Output
from ._stand_ins import Generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import TypeVar

    _OutputT_co = TypeVar("_OutputT_co", bound=Output, covariant=True, default=Output)
else:
    # Bases of classes are evaluated at run time.
    _OutputT_co = None

__all__ = ["BaseParameter", "OutputParameter"]


class BaseParameter:
    """The base of all parameters: immutable, and three times as fast to make as a dataclass.

    It has no __slots__: Python makes objects faster without them.

    Threads: any number may use one at once; the caller must synchronise access to its buffer.
    """

    def _names(self) -> tuple[str, ...]:
        return getattr(type(self), "__match_args__", ())

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._names())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        named = zip(self._names(), self._fields(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in named)})"


class OutputParameter(BaseParameter, Generic[_OutputT_co]):
    """The base of parameters that come back as outputs, with the type of the output."""

    __module__ = "pytee_client.parameters"

    if TYPE_CHECKING:

        def _comes_back(self) -> tuple[t.Self, _OutputT_co]: ...
