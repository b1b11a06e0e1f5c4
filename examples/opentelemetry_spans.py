# SPDX-License-Identifier: BSD-2-Clause
"""Have a span of OpenTelemetry for each call, with the observer of a context.

The spans are printed. A program sends them elsewhere, with another exporter. What it needs:
pip install 'pytee_client[examples]'
"""

import time
from uuid import UUID

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

import pytee_client as tee
from pytee_client.ta import optee

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
TRACER = trace.get_tracer("pytee_client")


def observe(event: tee.CallEvent) -> None:
    end = time.time_ns()
    application = optee.name_of(event.application) or str(event.application)
    attributes: dict[str, str | int] = {
        "tee.application": str(event.application),
        "tee.result": event.result_name,
        "tee.origin": int(event.origin),
        "tee.outcome": event.outcome,
        "tee.retries": event.retries,
    }
    if event.command_id is not None:
        attributes["tee.command"] = event.command_name or str(int(event.command_id))
    # It is called when the call is over, in the thread that made it: its parent is the span there.
    span = TRACER.start_span(
        f"{event.operation} {application}",
        kind=SpanKind.CLIENT,
        start_time=end - event.nanoseconds,
        attributes=attributes,
    )
    if event.result:
        span.set_status(Status(StatusCode.ERROR, event.result_name))
    span.end(end)


def main() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    with (
        tee.Context(observer=observe) as context,
        context.open_session(HELLO_WORLD) as session,
        TRACER.start_as_current_span("a request"),
    ):
        print(session.invoke_command(0, tee.ValueInOut(41)))


if __name__ == "__main__":
    main()
