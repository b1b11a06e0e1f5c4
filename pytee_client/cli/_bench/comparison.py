# SPDX-License-Identifier: BSD-2-Clause
"""Two runs of the bench, compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from .._answer import Answer
from .._errors import InputError
from .._reading import read_file
from .table import time_text

__all__ = ["compare"]

_SCHEMA: Final = 1
_RATE: Final = "calls_per_second"
_MEASURES: Final = {"nanoseconds": "median, in microseconds", _RATE: "calls in a second"}
_SMALLEST: Final = 1e-9
_LARGEST: Final = 1e18
# Two runs on one machine differ by that.
_LEAST: Final = 0.03
_FACTS: Final = {
    "device": "device",
    "driver": "driver",
    "tee_revision": "TEE",
    "board": "board",
    "architecture": "architecture",
    "processor": "processor",
    "processors_usable": "processors",
    "frequency_governors": "governor",
    "linux": "Linux",
    "python": "Python",
    "pytee_client": "pytee_client",
}


def compare(first: Path, second: Path) -> Answer:
    """Compare what two runs wrote with --json.

    Raises:
        InputError: a file is not of this.
    """
    one, other = _read(first), _read(second)
    theirs = {case["name"]: case for case in other["cases"]}
    rows = [
        _compared(case, theirs[case["name"]]) for case in one["cases"] if case["name"] in theirs
    ]
    if not rows:
        raise InputError(f"{first} and {second} have no case in common")
    ours = [case["name"] for case in one["cases"]]
    data = {
        "a": {"file": str(first), "machine": one["machine"], "application": one["application"]},
        "b": {
            "file": str(second),
            "machine": other["machine"],
            "application": other["application"],
        },
        "cases": rows,
        "only_a": [name for name in ours if name not in theirs],
        "only_b": [name for name in theirs if name not in ours],
    }
    return Answer(data, "".join(f"{_printable(line)}\n" for line in _lines(data)))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_file(str(path)).decode("utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    except RecursionError:
        raise InputError(f"{path} is no JSON: it is nested too deeply") from None
    try:
        if found["schema"] != _SCHEMA:
            raise InputError(
                f"{path} has the schema {found['schema']!r}, and this release reads {_SCHEMA}:"
                " measure again, or use the release that wrote it"
            )
        for case in found["cases"]:
            _check(case)
        for part in ("machine", "application"):
            if not isinstance(found[part], dict):
                raise TypeError
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{path} is not what bench writes: make it with bench --json >{path.name}"
        ) from None
    result: dict[str, Any] = found
    return result


def _check(case: Mapping[str, Any]) -> None:
    """See that a case has what is compared; raise KeyError, TypeError or ValueError if not."""
    figures = [case["nanoseconds"]["p50"]]
    noises = [case["noise"]]
    if _RATE in case:
        figures.append(case[_RATE])
        noises.append(case[f"{_RATE}_noise"])
    if not all(isinstance(one, int | float) for one in (*figures, *noises)):
        raise TypeError
    # No clock has others, and what is made of these is finite.
    if not all(_SMALLEST <= one <= _LARGEST for one in figures):
        raise ValueError
    if not all(0 <= one <= _LARGEST for one in noises):
        raise ValueError
    if not all(isinstance(case[name], str) for name in ("name", "group")):
        raise TypeError


def _compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return one case of both: by the rates of threads, or else by the medians."""
    by_rate = _RATE in one and _RATE in other
    if by_rate:
        before, after, key = float(one[_RATE]), float(other[_RATE]), f"{_RATE}_noise"
    else:
        before, after = float(one["nanoseconds"]["p50"]), float(other["nanoseconds"]["p50"])
        key = "noise"
    ratio = after / before
    # What is more than this is more than both may be off.
    noise = max(float(one[key]) + float(other[key]), _LEAST)
    beyond = max(ratio, 1 / ratio) - 1 > noise
    verdict = "same" if not beyond else "faster" if (ratio > 1) == by_rate else "slower"
    return {
        "name": one["name"],
        "group": one["group"],
        "measure": _RATE if by_rate else "nanoseconds",
        "a": before,
        "b": after,
        "ratio": round(ratio, 4),
        "noise": round(noise, 4),
        "beyond_noise": beyond,
        "verdict": verdict,
    }


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    yield f"a: {data['a']['file']}"
    yield f"b: {data['b']['file']}"
    ours, theirs = data["a"]["machine"], data["b"]["machine"]
    for key, title in _FACTS.items():
        if ours.get(key) != theirs.get(key):
            yield f"  {title}: {_said(ours.get(key))} in a, {_said(theirs.get(key))} in b"
    if data["a"]["application"] != data["b"]["application"]:
        names = [
            one["application"].get("name") or one["application"].get("uuid")
            for one in (data["a"], data["b"])
        ]
        yield f"  application: {names[0]} in a, {names[1]} in b"
    for measure, title in _MEASURES.items():
        rows = [row for row in data["cases"] if row["measure"] == measure]
        if rows:
            yield ""
            yield f"{title:<32}{'a':>10}{'b':>10}{'b/a':>8}  b is"
        for row in rows:
            yield _row(row)
    yield ""
    for side in ("a", "b"):
        if only := data[f"only_{side}"]:
            yield f"only in {side}: {', '.join(only)}"
    counts = [sum(row["verdict"] == one for row in data["cases"]) for one in ("slower", "faster")]
    yield (
        f"Beyond the noise of both: {counts[0]} slower, {counts[1]} faster, of"
        f" {len(data['cases'])} cases."
    )


def _printable(line: str) -> str:
    """Return a line without what a terminal would obey: names are of a file of somebody's."""
    return "".join(one if one.isprintable() else "\ufffd" for one in line)


def _row(row: Mapping[str, Any]) -> str:
    cells = [
        f"{row[side]:.0f}" if row["measure"] == _RATE else time_text(row[side])
        for side in ("a", "b")
    ]
    verdict = "" if row["verdict"] == "same" else row["verdict"]
    shown = "".join(cell.rjust(10) for cell in cells)
    return f"{row['name'][:31]:<32}{shown}{row['ratio']:>8.2f}  {verdict}".rstrip()


def _said(fact: Any) -> str:
    if isinstance(fact, list):
        return ", ".join(map(str, fact)) or "unknown"
    return "unknown" if fact is None else str(fact)
