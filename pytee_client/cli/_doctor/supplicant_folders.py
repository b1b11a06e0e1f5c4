# SPDX-License-Identifier: BSD-2-Clause
"""Where tee-supplicant was told to look for applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .machine import Machine

__all__ = ["folders_of_supplicants", "folders_of_words"]

_PATHS: Final = ("-l", "--ta-path", "--ta-load-path")
_FOLDER: Final = ("-t", "--ta-dir")
_USUAL: Final = "optee_armtz"


def folders_of_supplicants(machine: Machine) -> list[str]:
    """Return the folders that the supplicants that run were told of."""
    found, _ = machine.supplicants()
    return [
        folder for process, _ in found for folder in folders_of_words(machine.words_of(process))
    ]


def folders_of_words(words: Sequence[str]) -> list[str]:
    """Return the folders that a command line of tee-supplicant names, if it names any.

    Its releases differ in whether a path is that of the folder itself, or of the one that it is
    in: both are returned.
    """
    found: list[str] = []
    for option, value in _options(words):
        if option in _PATHS:
            for path in filter(None, value.split(":")):
                found += [path, f"{path.rstrip('/')}/{_USUAL}"]
        elif option in _FOLDER and value:
            found.append(f"/lib/{value.lstrip('/')}")
    return found


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the options with their values, in all forms that getopt_long() takes."""
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            yield name, value if equals else following
        elif word.startswith("-"):
            yield word[:2], word[2:] or following
