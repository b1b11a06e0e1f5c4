# SPDX-License-Identifier: BSD-2-Clause
"""Properties of applications, clients and TEEs (GPD_SPE_010 4.4 and 4.7)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast
from uuid import UUID, uuid5

from ...enums import Result
from .results import ResultError
from .session import Identity

if TYPE_CHECKING:
    from .trusted_application import TrustedApplication

__all__ = [
    "PropertyNotFoundError",
    "PropertySet",
    "PropertyValue",
    "properties_of_application",
    "properties_of_client",
    "properties_of_tee",
]

PropertyValue: TypeAlias = str | bool | int | bytes | UUID | Identity
"""A string, a boolean, a number of 32 or 64 bits, a binary block, a UUID or an identity."""

_T = TypeVar("_T", bound=PropertyValue)
_LITTLE_ENDIAN: Final = 0
# The lowest levels of the specification: protected by the REE, or not at all.
_CONTROLLED_BY_REE: Final = 100
_NOT_PROTECTED: Final = 0
_NAMESPACE: Final = UUID("6e1f2f6b-4a5c-4b0e-9d0c-0f4d3b6a7c58")


class PropertyNotFoundError(ResultError, KeyError):
    """There is no property of this name; a client gets ITEM_NOT_FOUND if nothing catches it."""

    def __init__(self, name: str) -> None:
        ResultError.__init__(self, Result.ITEM_NOT_FOUND)
        self.args: tuple[str] = (name,)

    def __str__(self) -> str:
        return f"there is no property {self.args[0]!r}"


class PropertySet(Mapping[str, PropertyValue]):
    """A set of properties: values by name, in the order of TEE_StartPropertyEnumerator.

    Threads: never changes; any number may read it at once.
    """

    def __init__(self, values: Mapping[str, PropertyValue]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> PropertyValue:
        try:
            return self._values[name]
        except KeyError:
            raise PropertyNotFoundError(name) from None

    def get_as(self, name: str, kind: type[_T]) -> _T:
        """Return a property as a type (TEE_GetPropertyAsString, AsBool, AsU32, and so on).

        Every property can be read as a str: a boolean as "true" or "false", a number in
        decimal, a binary block in base64, an identity as "login:UUID".

        Raises:
            PropertyNotFoundError: there is no property of this name (ITEM_NOT_FOUND).
            ResultError: BAD_FORMAT; the property is of another type.
        """
        value = self[name]
        if kind is str:
            value = _text_of(value)
        if type(value) is not kind:
            raise ResultError(Result.BAD_FORMAT)
        return cast(_T, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"PropertySet({self._values!r})"


def _text_of(value: PropertyValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Identity):
        return f"{value.login}:{value.uuid}"
    return str(value)


def properties_of_application(application: type[TrustedApplication]) -> PropertySet:
    """Return the properties of an application, with its own ones (TEE_PROPSET_CURRENT_TA)."""
    return PropertySet(
        {
            "gpd.ta.appID": application.uuid,
            "gpd.ta.singleInstance": application.single_instance,
            "gpd.ta.multiSession": application.multi_session,
            "gpd.ta.instanceKeepAlive": application.keep_alive,
            "gpd.ta.endian": _LITTLE_ENDIAN,
            "gpd.ta.version": "",
            "gpd.ta.description": (application.__doc__ or "").strip().partition("\n")[0],
            **application.properties,
        }
    )


def properties_of_client(identity: Identity) -> PropertySet:
    """Return the properties of a client (TEE_PROPSET_CURRENT_CLIENT)."""
    return PropertySet({"gpd.client.identity": identity, "gpd.client.endian": _LITTLE_ENDIAN})


def properties_of_tee() -> PropertySet:
    """Return the properties of the fake TEE (TEE_PROPSET_TEE_IMPLEMENTATION)."""
    return PropertySet(
        {
            "gpd.tee.apiversion": "1.3.1",
            "gpd.tee.internalCore.version": 0x01030100,
            "gpd.tee.description": "pytee_client.fake",
            "gpd.tee.deviceID": uuid5(_NAMESPACE, "device"),
            "gpd.tee.systemTime.protectionLevel": _CONTROLLED_BY_REE,
            "gpd.tee.TAPersistentTime.protectionLevel": _CONTROLLED_BY_REE,
            "gpd.tee.trustedStorage.antiRollback.protectionLevel": _NOT_PROTECTED,
            "gpd.tee.trustedStorage.rollbackDetection.protectionLevel": _NOT_PROTECTED,
        }
    )
