# SPDX-License-Identifier: BSD-2-Clause
"""The types of declared commands: one class for each number of arguments.

A command of a class is awaited, and a command of an object is not; see _awaitable.py.
"""

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypedDict, TypeVar, overload

from typing_extensions import Unpack

from .. import aio
from ..context import Context
from ..operation import Operation
from ..session import Session
from ..session_pool import SessionPool
from ._awaitable import ClientOpening

class Options(TypedDict, total=False):
    """What a call of a command takes beside its arguments."""

    operation: Operation | None
    timeout: float | None
    grace: float | None
    room: int | None

class SubmitOptions(TypedDict, total=False):
    """What a command that is submitted takes beside its arguments."""

    timeout: float | None
    grace: float | None
    room: int | None

class _Opening(TypedDict, total=False):
    login: int | None
    gid: int | str | None
    timeout: float | None
    grace: float | None

class OpeningOptions(_Opening, total=False):
    """What an opening takes beside its arguments."""

    operation: Operation | None

class AsyncOpeningOptions(_Opening, total=False):
    """The same for an opening that is awaited."""

    operation: aio.Operation | None

class AsyncOptions(TypedDict, total=False):
    """The same for a call that is awaited."""

    operation: aio.Operation | None
    timeout: float | None
    grace: float | None
    room: int | None

_A_contra = TypeVar("_A_contra", contravariant=True)
_B_contra = TypeVar("_B_contra", contravariant=True)
_C_contra = TypeVar("_C_contra", contravariant=True)
_D_contra = TypeVar("_D_contra", contravariant=True)
_R_co = TypeVar("_R_co", covariant=True)
_ClientT = TypeVar("_ClientT")

class Bound0(Generic[_R_co]):
    def __call__(self, **options: Unpack[Options]) -> _R_co: ...
    def submit(self, **options: Unpack[SubmitOptions]) -> Future[_R_co]: ...

class Awaited0(Generic[_R_co]):
    async def __call__(self, **options: Unpack[AsyncOptions]) -> _R_co: ...

class Command0(Generic[_R_co]):
    command_id: int
    name: str

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Awaited0[_R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> Bound0[_R_co]: ...

class Bound1(Generic[_A_contra, _R_co]):
    def __call__(self, a: _A_contra, /, **options: Unpack[Options]) -> _R_co: ...
    def submit(self, a: _A_contra, /, **options: Unpack[SubmitOptions]) -> Future[_R_co]: ...

class Awaited1(Generic[_A_contra, _R_co]):
    async def __call__(self, a: _A_contra, /, **options: Unpack[AsyncOptions]) -> _R_co: ...

class Command1(Generic[_A_contra, _R_co]):
    command_id: int
    name: str

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Awaited1[_A_contra, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> Bound1[_A_contra, _R_co]: ...

class Bound2(Generic[_A_contra, _B_contra, _R_co]):
    def __call__(self, a: _A_contra, b: _B_contra, /, **options: Unpack[Options]) -> _R_co: ...
    def submit(
        self, a: _A_contra, b: _B_contra, /, **options: Unpack[SubmitOptions]
    ) -> Future[_R_co]: ...

class Awaited2(Generic[_A_contra, _B_contra, _R_co]):
    async def __call__(
        self, a: _A_contra, b: _B_contra, /, **options: Unpack[AsyncOptions]
    ) -> _R_co: ...

class Command2(Generic[_A_contra, _B_contra, _R_co]):
    command_id: int
    name: str

    @overload
    def __get__(
        self, instance: None, owner: type[object]
    ) -> Awaited2[_A_contra, _B_contra, _R_co]: ...
    @overload
    def __get__(
        self, instance: object, owner: type[object]
    ) -> Bound2[_A_contra, _B_contra, _R_co]: ...

class Bound3(Generic[_A_contra, _B_contra, _C_contra, _R_co]):
    def __call__(
        self, a: _A_contra, b: _B_contra, c: _C_contra, /, **options: Unpack[Options]
    ) -> _R_co: ...
    def submit(
        self, a: _A_contra, b: _B_contra, c: _C_contra, /, **options: Unpack[SubmitOptions]
    ) -> Future[_R_co]: ...

class Awaited3(Generic[_A_contra, _B_contra, _C_contra, _R_co]):
    async def __call__(
        self, a: _A_contra, b: _B_contra, c: _C_contra, /, **options: Unpack[AsyncOptions]
    ) -> _R_co: ...

class Command3(Generic[_A_contra, _B_contra, _C_contra, _R_co]):
    command_id: int
    name: str

    @overload
    def __get__(
        self, instance: None, owner: type[object]
    ) -> Awaited3[_A_contra, _B_contra, _C_contra, _R_co]: ...
    @overload
    def __get__(
        self, instance: object, owner: type[object]
    ) -> Bound3[_A_contra, _B_contra, _C_contra, _R_co]: ...

class Bound4(Generic[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]):
    def __call__(
        self,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        d: _D_contra,
        /,
        **options: Unpack[Options],
    ) -> _R_co: ...
    def submit(
        self,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        d: _D_contra,
        /,
        **options: Unpack[SubmitOptions],
    ) -> Future[_R_co]: ...

class Awaited4(Generic[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]):
    async def __call__(
        self,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        d: _D_contra,
        /,
        **options: Unpack[AsyncOptions],
    ) -> _R_co: ...

class Command4(Generic[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]):
    command_id: int
    name: str

    @overload
    def __get__(
        self, instance: None, owner: type[object]
    ) -> Awaited4[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]: ...
    @overload
    def __get__(
        self, instance: object, owner: type[object]
    ) -> Bound4[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]: ...

class Opener0(Generic[_ClientT, _R_co]):
    @overload
    def __call__(self, context: Context, /, **options: Unpack[OpeningOptions]) -> _ClientT: ...
    @overload
    def __call__(
        self, context: aio.Context, /, **options: Unpack[AsyncOpeningOptions]
    ) -> ClientOpening[_ClientT]: ...
    def result(self, client: _ClientT | type[_ClientT]) -> _R_co: ...

class Opening0(Generic[_R_co]):
    @overload
    def __get__(self, instance: None, owner: type[_ClientT]) -> Opener0[_ClientT, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> _R_co: ...

class Opener1(Generic[_ClientT, _A_contra, _R_co]):
    @overload
    def __call__(
        self, context: Context, a: _A_contra, /, **options: Unpack[OpeningOptions]
    ) -> _ClientT: ...
    @overload
    def __call__(
        self, context: aio.Context, a: _A_contra, /, **options: Unpack[AsyncOpeningOptions]
    ) -> ClientOpening[_ClientT]: ...
    def result(self, client: _ClientT | type[_ClientT]) -> _R_co: ...

class Opening1(Generic[_A_contra, _R_co]):
    @overload
    def __get__(
        self, instance: None, owner: type[_ClientT]
    ) -> Opener1[_ClientT, _A_contra, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> _R_co: ...

class Opener2(Generic[_ClientT, _A_contra, _B_contra, _R_co]):
    @overload
    def __call__(
        self, context: Context, a: _A_contra, b: _B_contra, /, **options: Unpack[OpeningOptions]
    ) -> _ClientT: ...
    @overload
    def __call__(
        self,
        context: aio.Context,
        a: _A_contra,
        b: _B_contra,
        /,
        **options: Unpack[AsyncOpeningOptions],
    ) -> ClientOpening[_ClientT]: ...
    def result(self, client: _ClientT | type[_ClientT]) -> _R_co: ...

class Opening2(Generic[_A_contra, _B_contra, _R_co]):
    @overload
    def __get__(
        self, instance: None, owner: type[_ClientT]
    ) -> Opener2[_ClientT, _A_contra, _B_contra, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> _R_co: ...

class Opener3(Generic[_ClientT, _A_contra, _B_contra, _C_contra, _R_co]):
    @overload
    def __call__(
        self,
        context: Context,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        /,
        **options: Unpack[OpeningOptions],
    ) -> _ClientT: ...
    @overload
    def __call__(
        self,
        context: aio.Context,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        /,
        **options: Unpack[AsyncOpeningOptions],
    ) -> ClientOpening[_ClientT]: ...
    def result(self, client: _ClientT | type[_ClientT]) -> _R_co: ...

class Opening3(Generic[_A_contra, _B_contra, _C_contra, _R_co]):
    @overload
    def __get__(
        self, instance: None, owner: type[_ClientT]
    ) -> Opener3[_ClientT, _A_contra, _B_contra, _C_contra, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> _R_co: ...

class Opener4(Generic[_ClientT, _A_contra, _B_contra, _C_contra, _D_contra, _R_co]):
    @overload
    def __call__(
        self,
        context: Context,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        d: _D_contra,
        /,
        **options: Unpack[OpeningOptions],
    ) -> _ClientT: ...
    @overload
    def __call__(
        self,
        context: aio.Context,
        a: _A_contra,
        b: _B_contra,
        c: _C_contra,
        d: _D_contra,
        /,
        **options: Unpack[AsyncOpeningOptions],
    ) -> ClientOpening[_ClientT]: ...
    def result(self, client: _ClientT | type[_ClientT]) -> _R_co: ...

class Opening4(Generic[_A_contra, _B_contra, _C_contra, _D_contra, _R_co]):
    @overload
    def __get__(
        self, instance: None, owner: type[_ClientT]
    ) -> Opener4[_ClientT, _A_contra, _B_contra, _C_contra, _D_contra, _R_co]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> _R_co: ...

class SessionOf:
    """The session of a client."""

    @overload
    def __get__(self, instance: None, owner: type[object]) -> aio.Session | aio.SessionPool: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> Session | SessionPool: ...

class CloseOf:
    """What closes the session of a client."""

    @overload
    def __get__(
        self, instance: None, owner: type[object]
    ) -> Callable[..., Coroutine[Any, Any, None]]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> Callable[..., None]: ...

class ClosedOf:
    """Whether the session of a client is closed."""

    def __get__(self, instance: object, owner: type[object]) -> bool: ...
