# SPDX-License-Identifier: BSD-2-Clause
"""What the page on watching calls shows works, on the fake."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld

from ...support.audits import watching
from ...support.samples import TOP
from ...support.waiting import LIMIT, wait_until
from .running import Digester, Sample, run


def test_calls_are_observed_by_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    run(Sample.OBSERVER, VAULT=HelloWorld.uuid)
    words = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert words == [["open_session", "SUCCESS"], ["invoke_command", "SUCCESS"]]


def test_everything_is_logged_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # What pytest has set up.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logger = logging.getLogger("pytee_client")
    level = logger.level
    run(Sample.LOGGING)
    try:
        with tee.Context(backend=fake.Kernel()) as context:
            context.open_session(HelloWorld.uuid).close()
    finally:
        logger.setLevel(level)
    printed = capsys.readouterr().err
    assert " pytee_client opened a session with hello_world (8aaaf200-" in printed
    assert " pytee_client.fake destroyed the instance of hello_world (" in printed


def test_slow_calls_are_told_of_by_the_sample(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(fake.TrustedApplication):
        uuid = HelloWorld.uuid

        def invoke_command(self, *arguments: object) -> None:
            wait_until(lambda: bool(caplog.records))

    with fake.default_kernel().installed(Slow):
        run(Sample.SLOW_CALLS, VAULT=Slow.uuid)
    going, over = (record.getMessage() for record in caplog.records)
    assert going.startswith("command 0 of hello_world (8aaaf200-")
    assert going.endswith(" seconds and goes on: VALUE_INOUT")
    assert over.endswith(" seconds (SUCCESS, came back): VALUE_INOUT")


def test_calls_are_spans_by_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(metrics, "get_meter", MeterProvider([reader]).get_meter)
    names = run(Sample.OPENTELEMETRY)
    with names["context"] as context, context.open_session(HelloWorld.uuid) as session:
        with names["tracer"].start_as_current_span("a request"):
            session.invoke_command(0, tee.ValueInOut(1))
        with pytest.raises(tee.TeecError):
            session.invoke_command(99)
    opened, called, request, failed = exporter.get_finished_spans()
    assert [span.name for span in (opened, called, request, failed)] == [
        "tee.open_session",
        "tee.invoke_command",
        "a request",
        "tee.invoke_command",
    ]
    assert called.parent is not None
    assert called.parent.span_id == request.context.span_id
    assert dict(called.attributes or {}) == {
        "tee.application": str(HelloWorld.uuid),
        "tee.command": "0",
        "tee.origin": tee.Origin.TRUSTED_APP,
        "tee.result": "SUCCESS",
    }
    assert called.status.is_unset
    assert failed.status.description == "BAD_PARAMETERS"
    for span in (opened, called, failed):
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.start_time < span.end_time
    data: Any = reader.get_metrics_data()
    points = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    assert sorted(point.count for point in points) == [1, 1, 1]


def test_calls_are_counted_by_the_sample() -> None:
    names = run(Sample.PROMETHEUS)
    try:
        with names["context"] as context, context.open_session(HelloWorld.uuid) as session:
            for number in range(3):
                session.invoke_command(0, tee.ValueInOut(number))
            with pytest.raises(tee.TeecError):
                session.invoke_command(99)
        application = str(HelloWorld.uuid)

        def value(name: str, command: str, **labels: str) -> float | None:
            given = {"application": application, "command": command, **labels}
            return REGISTRY.get_sample_value(name, given)

        assert value("tee_seconds_count", "opening") == 1
        assert value("tee_seconds_count", "0") == 3
        assert 0 < (value("tee_seconds_sum", "0") or 0) < LIMIT
        assert value("tee_errors_total", "99", origin="4", code="BAD_PARAMETERS") == 1
        assert value("tee_errors_total", "0", origin="4", code="SUCCESS") is None
    finally:
        REGISTRY.unregister(names["SECONDS"])
        REGISTRY.unregister(names["ERRORS"])


def test_the_examples_print_what_they_watch() -> None:
    for name, words in (
        ("prometheus_metrics.py", 'tee_call_errors_total{application="hello_world",code="BAD_PARA'),
        ("opentelemetry_spans.py", '"name": "invoke_command hello_world"'),
    ):
        done = subprocess.run(
            [sys.executable, str(TOP / "examples" / name)],
            env={**os.environ, "PYTEE_CLIENT_BACKEND": "fake"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=True,
        )
        assert words in done.stdout
        assert not done.stderr


def test_a_hook_refuses_an_application_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], context: tee.Context
) -> None:
    # A hook can't be removed.
    hooks: list[Any] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    run(Sample.AUDITS, VAULT=Digester.uuid)
    other = UUID(int=1)
    with watching(lambda event: hooks[0](*event)):
        context.open_session(Digester.uuid).close()
        with pytest.raises(PermissionError, match=str(other)):
            context.open_session(other)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["pytee_client.open_session", str(Digester.uuid)],
        ["pytee_client.open_session", str(other)],
    ]
