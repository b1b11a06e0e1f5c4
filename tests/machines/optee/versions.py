# SPDX-License-Identifier: BSD-2-Clause
"""Which packages a machine is made of, and what has changed since CI last passed on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..process import VmError
from .packages import Packages

LAST_GREEN = Path(__file__).with_name("last_green.json")
# What a difference is most often due to.
_TITLES = {"linux-image-arm64": "Linux", "optee-os": "OP-TEE", "python3": "Python"}

Versions = Mapping[str, str]


def headline(packages: Packages) -> str:
    """Say in one line what the machine is."""
    versions = packages.versions
    parts = ", ".join(f"{title} {versions[name]}" for name, title in _TITLES.items())
    return f"{packages.suite.name}: {parts}"


def changes(packages: Packages) -> str:
    """Say in one line which packages differ from those of the last green run."""
    old = _last_green().get(packages.suite.name)
    if old is None:
        return f"no green run on {packages.suite.name} was kept: `versions --save` does it"
    found = list(_changes(old, packages.versions))
    what = ", ".join(found) if found else "nothing"
    return f"changed on {packages.suite.name} since the last green run: {what}"


def save(packages: Packages) -> None:
    """Keep the versions as those of a green run."""
    kept = {**_last_green(), packages.suite.name: packages.versions}
    LAST_GREEN.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _last_green() -> dict[str, Versions]:
    try:
        kept: dict[str, Versions] = json.loads(LAST_GREEN.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise VmError(f"{LAST_GREEN.name} is damaged: {error}") from error
    return kept


def _changes(old: Versions, new: Versions) -> Iterator[str]:
    names = sorted({*old, *new}, key=lambda name: (name not in _TITLES, name))
    for name in names:
        before, after = old.get(name), new.get(name)
        if before is None:
            yield f"{name} {after} is new"
        elif after is None:
            yield f"{name} {before} is gone"
        elif before != after:
            yield f"{name} {before} -> {after}"
