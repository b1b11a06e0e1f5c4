# SPDX-License-Identifier: BSD-2-Clause
"""The types of the functions that declare commands.

There is one signature for each choice of which of up to four slots are arguments, arguments that
come back, and results.
"""

from typing import TypeAlias, TypedDict, TypeVar, overload

from typing_extensions import Unpack

from .._declarations.kinds import Gives, Takes
from .._declarations.slots import InOutKind as _Io
from ._typed import (
    Command0,
    Command1,
    Command2,
    Command3,
    Command4,
    Opening0,
    Opening1,
    Opening2,
    Opening3,
    Opening4,
)

__all__ = ["command", "opening"]

_A = TypeVar("_A")
_B = TypeVar("_B")
_C = TypeVar("_C")
_D = TypeVar("_D")
_A2 = TypeVar("_A2")
_B2 = TypeVar("_B2")
_C2 = TypeVar("_C2")
_D2 = TypeVar("_D2")
_R1 = TypeVar("_R1")
_R2 = TypeVar("_R2")
_R3 = TypeVar("_R3")
_R4 = TypeVar("_R4")
_T = TypeVar("_T")

# What an argument and a result are declared as.
_In: TypeAlias = type[_T] | Takes[_T]
_Out: TypeAlias = type[_T] | Gives[_T]

class _Where(TypedDict, total=False):
    slots: tuple[int, ...]

class _How(_Where, total=False):
    retry: bool

# fmt: off
@overload
def command(number: int, /, **more: Unpack[_How]) -> Command0[None]: ...
@overload
def command(number: int, /, *, returns: _Out[_R1], **more: Unpack[_How]) -> Command0[_R1]: ...
@overload
def command(number: int, /, *, returns: tuple[_Out[_R1], _Out[_R2]], **more: Unpack[_How]
) -> Command0[tuple[_R1, _R2]]: ...
@overload
def command(number: int, /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]],
    **more: Unpack[_How]) -> Command0[tuple[_R1, _R2, _R3]]: ...
@overload
def command(number: int, /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3], _Out[_R4]],
    **more: Unpack[_How]) -> Command0[tuple[_R1, _R2, _R3, _R4]]: ...
@overload
def command(number: int, a: _In[_A], /, **more: Unpack[_How]) -> Command1[_A, None]: ...
@overload
def command(number: int, a: _In[_A], /, *, returns: _Out[_R1], **more: Unpack[_How]
) -> Command1[_A, _R1]: ...
@overload
def command(number: int, a: _In[_A], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_How]) -> Command1[_A, tuple[_R1, _R2]]: ...
@overload
def command(number: int, a: _In[_A], /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]],
    **more: Unpack[_How]) -> Command1[_A, tuple[_R1, _R2, _R3]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], /, **more: Unpack[_How]) -> Command1[_A, _A2]: ...
@overload
def command(number: int, a: _Io[_A, _A2], /, *, returns: _Out[_R1], **more: Unpack[_How]
) -> Command1[_A, tuple[_A2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_How]) -> Command1[_A, tuple[_A2, _R1, _R2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]],
    **more: Unpack[_How]) -> Command1[_A, tuple[_A2, _R1, _R2, _R3]]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], /, **more: Unpack[_How]
) -> Command2[_A, _B, None]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], /, *, returns: _Out[_R1], **more: Unpack[_How]
) -> Command2[_A, _B, _R1]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_R1, _R2]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], /, **more: Unpack[_How]
) -> Command2[_A, _B, _B2]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_B2, _R1]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_B2, _R1, _R2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], /, **more: Unpack[_How]
) -> Command2[_A, _B, _A2]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_A2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_A2, _R1, _R2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], /, **more: Unpack[_How]
) -> Command2[_A, _B, tuple[_A2, _B2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command2[_A, _B, tuple[_A2, _B2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], /, *,
    returns: tuple[_Out[_R1], _Out[_R2]], **more: Unpack[_How]
) -> Command2[_A, _B, tuple[_A2, _B2, _R1, _R2]]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _In[_C], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, None]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, _R1]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _Io[_C, _C2], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, _C2]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_C2, _R1]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _In[_C], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, _B2]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_B2, _R1]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, tuple[_B2, _C2]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_B2, _C2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _In[_C], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, _A2]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_A2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, tuple[_A2, _C2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_A2, _C2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], /, **more: Unpack[_How]
) -> Command3[_A, _B, _C, tuple[_A2, _B2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_A2, _B2, _R1]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], /,
    **more: Unpack[_How]) -> Command3[_A, _B, _C, tuple[_A2, _B2, _C2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], /, *,
    returns: _Out[_R1], **more: Unpack[_How]
) -> Command3[_A, _B, _C, tuple[_A2, _B2, _C2, _R1]]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _In[_C], d: _In[_D], /, **more: Unpack[_How]
) -> Command4[_A, _B, _C, _D, None]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _In[_C], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, _D2]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _Io[_C, _C2], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, _C2]: ...
@overload
def command(number: int, a: _In[_A], b: _In[_B], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_C2, _D2]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _In[_C], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, _B2]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _In[_C], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_B2, _D2]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_B2, _C2]]: ...
@overload
def command(number: int, a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_B2, _C2, _D2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _In[_C], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, _A2]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _In[_C], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _D2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _C2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _C2, _D2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _B2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _B2, _D2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _In[_D], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _B2, _C2]]: ...
@overload
def command(number: int, a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_How]) -> Command4[_A, _B, _C, _D, tuple[_A2, _B2, _C2, _D2]]: ...

@overload
def opening(**more: Unpack[_Where]) -> Opening0[None]: ...
@overload
def opening(*, returns: _Out[_R1], **more: Unpack[_Where]) -> Opening0[_R1]: ...
@overload
def opening(*, returns: tuple[_Out[_R1], _Out[_R2]], **more: Unpack[_Where]
) -> Opening0[tuple[_R1, _R2]]: ...
@overload
def opening(*, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]], **more: Unpack[_Where]
) -> Opening0[tuple[_R1, _R2, _R3]]: ...
@overload
def opening(*, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3], _Out[_R4]], **more: Unpack[_Where]
) -> Opening0[tuple[_R1, _R2, _R3, _R4]]: ...
@overload
def opening(a: _In[_A], /, **more: Unpack[_Where]) -> Opening1[_A, None]: ...
@overload
def opening(a: _In[_A], /, *, returns: _Out[_R1], **more: Unpack[_Where]) -> Opening1[_A, _R1]: ...
@overload
def opening(a: _In[_A], /, *, returns: tuple[_Out[_R1], _Out[_R2]], **more: Unpack[_Where]
) -> Opening1[_A, tuple[_R1, _R2]]: ...
@overload
def opening(a: _In[_A], /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]],
    **more: Unpack[_Where]) -> Opening1[_A, tuple[_R1, _R2, _R3]]: ...
@overload
def opening(a: _Io[_A, _A2], /, **more: Unpack[_Where]) -> Opening1[_A, _A2]: ...
@overload
def opening(a: _Io[_A, _A2], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening1[_A, tuple[_A2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], /, *, returns: tuple[_Out[_R1], _Out[_R2]], **more: Unpack[_Where]
) -> Opening1[_A, tuple[_A2, _R1, _R2]]: ...
@overload
def opening(a: _Io[_A, _A2], /, *, returns: tuple[_Out[_R1], _Out[_R2], _Out[_R3]],
    **more: Unpack[_Where]) -> Opening1[_A, tuple[_A2, _R1, _R2, _R3]]: ...
@overload
def opening(a: _In[_A], b: _In[_B], /, **more: Unpack[_Where]) -> Opening2[_A, _B, None]: ...
@overload
def opening(a: _In[_A], b: _In[_B], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening2[_A, _B, _R1]: ...
@overload
def opening(a: _In[_A], b: _In[_B], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_Where]) -> Opening2[_A, _B, tuple[_R1, _R2]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], /, **more: Unpack[_Where]) -> Opening2[_A, _B, _B2]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening2[_A, _B, tuple[_B2, _R1]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_Where]) -> Opening2[_A, _B, tuple[_B2, _R1, _R2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], /, **more: Unpack[_Where]) -> Opening2[_A, _B, _A2]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening2[_A, _B, tuple[_A2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_Where]) -> Opening2[_A, _B, tuple[_A2, _R1, _R2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], /, **more: Unpack[_Where]
) -> Opening2[_A, _B, tuple[_A2, _B2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening2[_A, _B, tuple[_A2, _B2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], /, *, returns: tuple[_Out[_R1], _Out[_R2]],
    **more: Unpack[_Where]) -> Opening2[_A, _B, tuple[_A2, _B2, _R1, _R2]]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _In[_C], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, None]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _In[_C], /, *, returns: _Out[_R1], **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, _R1]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _Io[_C, _C2], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, _C2]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_C2, _R1]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _In[_C], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, _B2]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_B2, _R1]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, tuple[_B2, _C2]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_B2, _C2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _In[_C], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, _A2]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_A2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, tuple[_A2, _C2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_A2, _C2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, tuple[_A2, _B2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_A2, _B2, _R1]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], /, **more: Unpack[_Where]
) -> Opening3[_A, _B, _C, tuple[_A2, _B2, _C2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], /, *, returns: _Out[_R1],
    **more: Unpack[_Where]) -> Opening3[_A, _B, _C, tuple[_A2, _B2, _C2, _R1]]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _In[_C], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, None]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _In[_C], d: _Io[_D, _D2], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, _D2]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _Io[_C, _C2], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, _C2]: ...
@overload
def opening(a: _In[_A], b: _In[_B], c: _Io[_C, _C2], d: _Io[_D, _D2], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_C2, _D2]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _In[_C], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, _B2]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _In[_C], d: _Io[_D, _D2], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_B2, _D2]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_B2, _C2]]: ...
@overload
def opening(a: _In[_A], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_Where]) -> Opening4[_A, _B, _C, _D, tuple[_B2, _C2, _D2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _In[_C], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, _A2]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _In[_C], d: _Io[_D, _D2], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_A2, _D2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_A2, _C2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _In[_B], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_Where]) -> Opening4[_A, _B, _C, _D, tuple[_A2, _C2, _D2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], d: _In[_D], /, **more: Unpack[_Where]
) -> Opening4[_A, _B, _C, _D, tuple[_A2, _B2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _In[_C], d: _Io[_D, _D2], /,
    **more: Unpack[_Where]) -> Opening4[_A, _B, _C, _D, tuple[_A2, _B2, _D2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _In[_D], /,
    **more: Unpack[_Where]) -> Opening4[_A, _B, _C, _D, tuple[_A2, _B2, _C2]]: ...
@overload
def opening(a: _Io[_A, _A2], b: _Io[_B, _B2], c: _Io[_C, _C2], d: _Io[_D, _D2], /,
    **more: Unpack[_Where]) -> Opening4[_A, _B, _C, _D, tuple[_A2, _B2, _C2, _D2]]: ...
