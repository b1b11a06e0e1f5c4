# SPDX-License-Identifier: BSD-2-Clause
"""The example of a service, as a process, with a real HTTP client."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..support.conformance import Command
from ..support.loops import run
from ..support.programs import program
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until

SERVICE = Path(__file__).parents[2] / "examples" / "service.py"
# What the application does meanwhile is longer than any answer takes.
LONG = 20_000
ANSWER = LONG / 2000

pytestmark = pytest.mark.once


class Service:
    """A service that runs."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None)
        return httpx.AsyncClient(base_url=self.url, timeout=LIMIT, limits=limits)

    def stats(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/stats", timeout=LIMIT).json()
        return answer

    def wait_until_in_use(self, sessions: int) -> None:
        wait_until(lambda: bool(self.stats()["in_use"] == sessions))


@contextlib.contextmanager
def started(target: Target, grace: int) -> Iterator[Service]:
    variables = {
        **os.environ,
        "PYTHONWARNINGS": "error::ResourceWarning",
        "SERVICE_APPLICATION": str(Target.CONFORMANCE),
        "SERVICE_DEVICE": target.device if target.is_real else target.name,
        "SERVICE_GRACE": str(grace),
    }
    script = f"import runpy; sys.argv[1:] = ['--port', '0']; runpy.run_path({str(SERVICE)!r}, "
    command = program(f"{script} run_name='__main__')")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables
    )
    assert process.stdout is not None
    with process:
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), url + process.stdout.read()
            yield Service(process, url)
            if process.poll() is None:
                ended(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def service(target: Target) -> Iterator[Service]:
    """A service that tests share: an emulated processor takes long to start it."""
    with started(target, LIMIT) as running:
        yield running


def ended(process: subprocess.Popen[str]) -> None:
    """Have the service end, and check that it had nothing to complain of."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=LIMIT)
    assert output == ""
    # Uvicorn raises the signal once more when all is closed.
    assert process.returncode in (0, -signal.SIGTERM)


async def post(
    client: httpx.AsyncClient, command: Command, a: int, **others: Any
) -> httpx.Response:
    timeout = others.pop("timeout", LIMIT)
    values = {"a": a, "comes_back": command is Command.VALUES, **others}
    return await client.post(f"/commands/{command}", json=values, params={"timeout": timeout})


def test_fifty_requests_at_once_get_their_own_answers(service: Service) -> None:
    async def ask() -> list[httpx.Response]:
        async with service.client() as client:
            calls = (post(client, Command.VALUES, number, b=number) for number in range(50))
            return await asyncio.gather(*calls)

    before = service.stats()
    for number, answer in enumerate(run(ask())):
        assert answer.status_code == 200, answer.text
        inverse = number ^ 0xFFFFFFFF
        assert answer.json() == {"outputs": [[inverse, inverse]]}
    after = service.stats()
    assert after["open"] == 4
    assert (after["dead"], after["abandoned"]) == (before["dead"], before["abandoned"])


def test_a_request_whose_time_is_over_is_told_so_and_others_go_on(service: Service) -> None:
    async def ask() -> tuple[httpx.Response, httpx.Response, list[httpx.Response]]:
        async with service.client() as client:
            others = asyncio.gather(*(post(client, Command.VALUES, 1) for _ in range(10)))
            late = post(client, Command.WAIT, LONG, b=1, timeout=0.2)
            unsent = post(client, Command.WAIT, LONG, b=1, timeout=0)
            return *await asyncio.gather(late, unsent), await others

    late, unsent, others = run(ask())
    assert [answer.status_code for answer in (late, unsent)] == [504, 504]
    assert "TIMEOUT" in late.json()["error"]
    assert "sent" in unsent.json()["error"]
    assert {answer.status_code for answer in others} == {200}
    service.wait_until_in_use(0)


def test_what_the_application_refuses_is_told(service: Service) -> None:
    async def ask() -> list[httpx.Response]:
        async with service.client() as client:
            return [
                await client.post("/commands/4711", json={}),
                await client.post("/commands/1", json={"a": -1}),
                await client.post("/commands/-1", json={}),
                await client.post("/commands/1", json={"a": "text"}),
                await post(client, Command.PANIC, 1),
                await post(client, Command.VALUES, 1),
            ]

    before = service.stats()["dead"]
    answers = run(ask())
    assert [answer.status_code for answer in answers] == [502, 422, 422, 422, 502, 200]
    assert "NOT_SUPPORTED" in answers[0].json()["error"]
    assert service.stats()["dead"] > before


def test_the_command_of_a_client_that_hangs_up_is_cancelled(service: Service) -> None:
    async def ask_and_leave() -> None:
        async with service.client() as client:
            asking = asyncio.ensure_future(post(client, Command.WAIT, LONG, b=1))
            while (await client.get("/stats")).json()["in_use"] == 0:
                assert not asking.done()
            asking.cancel()
            await asyncio.wait([asking])
            for _ in range(LIMIT):
                if (await client.get("/stats")).json()["in_use"] == 0:
                    return
                await asyncio.sleep(ANSWER / LIMIT)
            raise AssertionError("the command was not cancelled")

    run(ask_and_leave())


def test_at_sigterm_no_requests_are_taken_and_those_that_run_are_answered(target: Target) -> None:
    async def ask(ending: Service) -> list[httpx.Response]:
        async with ending.client() as client:
            calls = [asyncio.ensure_future(post(client, Command.WAIT, 1000, b=0)) for _ in range(4)]
            while (await client.get("/stats")).json()["in_use"] < 4:
                assert not any(call.done() for call in calls)
            ending.process.send_signal(signal.SIGTERM)
            return await asyncio.gather(*calls)

    with started(target, LIMIT) as ending:
        answers = run(ask(ending))
        assert [answer.status_code for answer in answers] == [200] * 4
        output, _ = ending.process.communicate(timeout=LIMIT)
        assert output == ""
        with pytest.raises(httpx.ConnectError):
            ending.stats()


def test_what_does_not_end_keeps_the_service_from_ending_for_its_grace_alone(
    target: Target,
) -> None:
    async def ask(ending: Service) -> None:
        async with ending.client() as client:
            call = asyncio.ensure_future(post(client, Command.WAIT, LONG, b=1))
            while (await client.get("/stats")).json()["in_use"] == 0:
                assert not call.done()
            ending.process.send_signal(signal.SIGTERM)
            # It is cancelled, or has no connection any more.
            with contextlib.suppress(httpx.TransportError):
                answer = await call
                assert answer.status_code >= 500
        assert await asyncio.to_thread(ending.process.wait, LONG / 1000) is not None

    with started(target, 2) as ending:
        run(ask(ending))


def test_the_service_shows_itself(target: Target) -> None:
    device = {"SERVICE_DEVICE": target.device if target.is_real else target.name}
    done = subprocess.run(
        [sys.executable, str(SERVICE)],
        env={**os.environ, **device, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    assert str(list(range(1, 21))) in done.stdout
    assert "504" in done.stdout
