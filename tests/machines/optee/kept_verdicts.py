# SPDX-License-Identifier: BSD-2-Clause
"""What xtest found over Debian's libteec, kept by the versions that it depends on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..process import VmError
from .packages import Packages
from .xtest import Verdicts

KEPT = Path(__file__).with_name("xtest_verdicts.json")
# A difference in any other package would be one in what xtest finds over csrc, too.
_DECISIVE = (
    "libckteec0t64",
    "libteec2",
    "linux-image-arm64",
    "optee-os",
    "optee-test-qemu",
    "tee-supplicant",
)


def find(packages: Packages) -> Verdicts | None:
    """Return what was found with these versions of the packages; None if that is not known."""
    kept = _read().get(packages.suite.name)
    if kept is None or kept["packages"] != _key(packages):
        return None
    return Verdicts(
        library=kept["library"],
        cases=_by_name(kept["cases"]),
        parts=_by_name(kept["parts"]),
        subtests=kept["subtests"],
        failed_subtests=kept["failed_subtests"],
    )


def keep(packages: Packages, verdicts: Verdicts) -> None:
    """Write down what was found, in place of what was with other versions."""
    kept = _read()
    kept[packages.suite.name] = {
        "packages": _key(packages),
        "library": verdicts.library,
        "cases": _by_verdict(verdicts.cases),
        "parts": _by_verdict(verdicts.parts),
        "subtests": verdicts.subtests,
        "failed_subtests": verdicts.failed_subtests,
    }
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _read() -> dict[str, dict[str, Any]]:
    try:
        kept: dict[str, dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise VmError(f"{KEPT.name} is damaged: {error}") from error
    return kept


def _key(packages: Packages) -> dict[str, str]:
    versions = packages.versions
    return {name: versions[name] for name in _DECISIVE}


def _by_verdict(verdicts: Mapping[str, str]) -> dict[str, str]:
    names = defaultdict(list)
    for name, verdict in verdicts.items():
        names[verdict].append(name)
    return {verdict: " ".join(those) for verdict, those in names.items()}


def _by_name(verdicts: Mapping[str, str]) -> dict[str, str]:
    return {name: verdict for verdict, those in verdicts.items() for name in those.split()}
