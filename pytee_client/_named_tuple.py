# SPDX-License-Identifier: BSD-2-Clause
"""typing.NamedTuple, without typing, whose import takes half as long as all of the package's."""

from __future__ import annotations

from collections import namedtuple

__all__ = ["NamedTuple"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:

    class _Maker(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = namespace["__annotations__"]
            made = namedtuple(name, fields, module=namespace["__module__"])
            made.__annotations__ = fields
            made.__doc__ = namespace.get("__doc__")
            return made

    class NamedTuple(metaclass=_Maker):
        """The base of classes whose annotations become the fields of a named tuple."""
