# SPDX-License-Identifier: BSD-2-Clause
"""What the content of a slot can be: how Python's objects become words or bytes, and back."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from .._stand_ins import Buffer

__all__ = ["ContentError", "DeclarationError", "Gives", "Kind", "MemoryKind", "Takes", "ValueKind"]

_TakenT_contra = TypeVar("_TakenT_contra", contravariant=True)
_GivenT_co = TypeVar("_GivenT_co", covariant=True)
_TakenT = TypeVar("_TakenT")
_GivenT = TypeVar("_GivenT")


class ContentError(ValueError):
    """What arrived has another form than was declared."""


class DeclarationError(TypeError):
    """A declaration of a Trusted Application is wrong, or what should follow it does not."""


class Takes(Generic[_TakenT_contra]):
    """What an argument can be declared as, with the type of the argument."""


class Gives(Generic[_GivenT_co]):
    """What an output can be declared as, with the type of the result."""


class Kind(Takes[_TakenT], Gives[_GivenT]):
    """The base of all kinds of contents.

    Attributes:
        name: what it is called in texts, as a program writes it.
        python: the type that annotations of a fake's methods have for it.

    Threads: any number may use one at once: it never changes.
    """

    def __init__(self, name: str, python: Any) -> None:
        self.name = name
        self.python = python

    def __repr__(self) -> str:
        return self.name


class ValueKind(Kind[_TakenT, _GivenT]):
    """The content of one value, or of several.

    Attributes:
        values: in how many values it lies.
    """

    values: ClassVar[int] = 1

    def words(self, given: Any, what: str) -> tuple[int, ...]:
        """Return the numbers a and b of each value.

        Raises:
            ParameterTypeError, ParameterRangeError: this can't be given; what is its name.
        """
        raise NotImplementedError

    def read(self, a: int, b: int, *more: int) -> _GivenT:
        """Return what the numbers a and b of each value are.

        Raises:
            ContentError: they are nothing of this kind.
        """
        raise NotImplementedError


class MemoryKind(Kind[_TakenT, _GivenT]):
    """The content of a memory reference.

    Attributes:
        size: how many bytes it always has; None if that varies.
        in_place: whether an object of the caller's is the memory itself.
        is_nullable: whether there may be none, a null memory reference.
    """

    def __init__(
        self,
        name: str,
        python: Any,
        size: int | None = None,
        *,
        in_place: bool = False,
        is_nullable: bool = False,
    ) -> None:
        super().__init__(name, python)
        self.size = size
        self.in_place = in_place
        self.is_nullable = is_nullable

    def write(self, given: Any, what: str) -> Buffer | None:
        """Return the bytes; None for a null memory reference.

        Raises:
            ParameterTypeError, ParameterRangeError: this can't be given; what is its name.
        """
        raise NotImplementedError

    def read(self, content: bytes | memoryview) -> _GivenT:
        """Return what the bytes are.

        Raises:
            ContentError: they are nothing of this kind.
        """
        raise NotImplementedError

    def read_into(self, given: Any, content: bytes | memoryview) -> Any:
        """Return what an application made of an object of the caller's, of which content is left.

        For kinds that are in place.
        """
        raise NotImplementedError

    def read_null(self) -> _GivenT:
        """Return what a null memory reference is.

        Raises:
            ContentError: it is nothing of this kind.
        """
        raise ContentError(f"a null memory reference is no {self.name}")
