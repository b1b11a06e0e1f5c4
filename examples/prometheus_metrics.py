# SPDX-License-Identifier: BSD-2-Clause
"""Count and time calls for Prometheus, with the observer of a context.

    python examples/prometheus_metrics.py --port 9464

serves the metrics for a minute of calls. Without --port the program makes a few calls, on the fake
kernel where there is no TEE, and prints the metrics. What it needs:
pip install 'pytee_client[examples]'
"""

import argparse
import time
from uuid import UUID

from prometheus_client import Counter, Histogram, generate_latest, start_http_server

import pytee_client as tee
from pytee_client.ta import optee

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
ORIGINS = {int(origin): origin.name for origin in tee.Origin}
BUCKETS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
CALL = ("application", "command")
SECONDS = Histogram("tee_call_seconds", "For how long the TEE had calls.", CALL, buckets=BUCKETS)
ERRORS = Counter("tee_call_errors", "Calls that failed.", (*CALL, "origin", "code"))


def observe(event: tee.CallEvent) -> None:
    application = optee.name_of(event.application) or str(event.application)
    command: str = event.operation
    if event.command_id is not None:
        command = event.command_name or str(int(event.command_id))
    if event.outcome != "unsent":
        SECONDS.labels(application, command).observe(event.nanoseconds / 1e9)
    if event.result:
        origin = ORIGINS.get(event.origin, str(event.origin))
        ERRORS.labels(application, command, origin, event.result_name).inc()


def main() -> None:
    parser = argparse.ArgumentParser(description="Count and time calls for Prometheus.")
    parser.add_argument("--port", type=int, help="where to serve the metrics")
    port = parser.parse_args().port
    if port is not None:
        start_http_server(port)
    with tee.Context(observer=observe) as context, context.open_session(HELLO_WORLD) as session:
        for number in range(10 if port is None else 60):
            session.invoke_command(0, tee.ValueInOut(number))
            time.sleep(0 if port is None else 1)
        try:
            # There is no such command.
            session.invoke_command(99)
        except tee.TeecError as error:
            print(error)
    print(generate_latest().decode())


if __name__ == "__main__":
    main()
