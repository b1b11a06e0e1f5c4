# SPDX-License-Identifier: BSD-2-Clause
"""Offer the commands of a Trusted Application over HTTP, with FastAPI.

    python examples/service.py --port 8000

serves until it gets SIGTERM. Without --port the program starts the service on a free port, sends
it a few requests, and ends. What it needs: pip install 'pytee_client[examples]'

- A request has a deadline (?timeout=SECONDS): 504 is the answer when it has passed.
- If a client hangs up, its command is cancelled.
- SIGTERM: no more requests are taken, those that run get a grace, and then all is closed.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from typing import Annotated, Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

import pytee_client as tee
from pytee_client import aio

APPLICATION = UUID(os.environ.get("SERVICE_APPLICATION", "8aaaf200-2450-11e4-abe2-0002a5d5c51b"))
DEVICE = os.environ.get("SERVICE_DEVICE")
SESSIONS = 4
# In seconds: for a request that asks for no other time, and for what runs at SIGTERM.
TIMEOUT = 10.0
GRACE = float(os.environ.get("SERVICE_GRACE", "5"))
# What nginx writes into its log for it; nobody gets this answer.
CLIENT_CLOSED_REQUEST = 499


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have a context and a pool while the service runs."""
    context = await aio.Context(DEVICE)
    pool = app.state.pool = context.session_pool(APPLICATION, size=SESSIONS, timeout=TIMEOUT)
    try:
        yield
    finally:
        with contextlib.suppress(tee.DeadlineError):
            await pool.drain(timeout=GRACE)
        # What still runs then is asked to stop, and keeps nobody from going.
        with contextlib.suppress(tee.DeadlineError):
            await context.close(timeout=1)


app = FastAPI(lifespan=lifespan)


class Values(BaseModel):
    """The two numbers of the command's one parameter, and whether they come back."""

    a: int = 0
    b: int = 0
    comes_back: bool = True


@app.post("/commands/{command_id}")
async def invoke(
    request: Request,
    command_id: int,
    values: Values,
    timeout: Annotated[float, Query(ge=0, le=60)] = TIMEOUT,
) -> Response:
    """Run a command."""
    kind = tee.ValueInOut if values.comes_back else tee.ValueInput
    command = app.state.pool.invoke_command(command_id, kind(values.a, values.b), timeout=timeout)
    outputs = await unless_client_leaves(request, command)
    if outputs is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    return JSONResponse({"outputs": outputs})


@app.get("/stats")
async def stats() -> dict[str, Any]:
    """Say what the pool is doing."""
    return dataclasses.asdict(app.state.pool.stats)


async def unless_client_leaves(request: Request, command: Coroutine[Any, Any, Any]) -> Any:
    """Return what a command returns; if the client hangs up, cancel it and return None."""
    running = asyncio.ensure_future(command)
    leaving = asyncio.ensure_future(disconnected(request))
    try:
        await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
        return await running if running.done() else None
    finally:
        # Also if the service itself is to end.
        running.cancel()
        leaving.cancel()


async def disconnected(request: Request) -> None:
    """Wait until the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.exception_handler(tee.TeecError)
async def explain(request: Request, error: tee.TeecError) -> Response:
    """Answer with the error of a command."""
    status = 502
    if isinstance(error, tee.DeadlineError):
        status = 504
    elif isinstance(error, tee.ClosedPoolError | tee.BusyError):
        status = 503
    elif isinstance(error, tee.BadParametersError):
        status = 422
    return JSONResponse({"error": str(error), "code": error.code}, status)


def server() -> uvicorn.Server:
    """Make a server."""
    # Clients that keep connections open get no more than this.
    config = uvicorn.Config(app, timeout_graceful_shutdown=int(GRACE), log_level="warning")
    return uvicorn.Server(config)


async def show() -> None:
    """Serve, and be the client of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        running = server()
        serving = asyncio.ensure_future(running.serve([listening]))
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT + GRACE) as client:
            requests = (client.post("/commands/0", json={"a": number}) for number in range(20))
            answers = await asyncio.gather(*requests)
            print([answer.json()["outputs"][0][0] for answer in answers])
            late = await client.post("/commands/0", params={"timeout": 0}, json={})
            print(late.status_code, late.json()["error"])
            print((await client.get("/stats")).json())
        running.should_exit = True
        await serving


def main() -> None:
    parser = argparse.ArgumentParser(description="Offer the commands of an application over HTTP.")
    parser.add_argument("--port", type=int, help="0 for a free one; default: only show it works")
    port = parser.parse_args().port
    if port is None:
        asyncio.run(show())
        return
    with socket.create_server(("127.0.0.1", port)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        server().run([listening])


if __name__ == "__main__":
    main()
