# SPDX-License-Identifier: BSD-2-Clause
"""What the page on watching calls shows works, on the fake."""

from __future__ import annotations

import pytest

from pytee_client.fake.applications import HelloWorld

from .running import Sample, run


def test_calls_are_observed_by_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    run(Sample.OBSERVER, VAULT=HelloWorld.uuid)
    words = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert words == [["open_session", "SUCCESS"], ["invoke_command", "SUCCESS"]]
