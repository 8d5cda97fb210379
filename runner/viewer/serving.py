"""The server: loopback alone, on a port that is free."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from runner.errors import UserError
from runner.viewer.app import application
from runner.viewer.guard import Keys
from runner.viewer.place import Place

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    port: int
    keys: Keys

    def url(self, path: str = "/", once: bool = False) -> str:
        """With the token that lets a browser in; `once`: it does so one time."""
        token = self.keys.once() if once else self.keys.token
        return f"http://{HOST}:{self.port}{path}?token={token}"


def serve(place: Place, port: int, ready: Callable[[Address], None]) -> None:
    """Serve until Ctrl-C; `ready` is told once the port is bound. Raises UserError for a port that is taken."""
    with _bound(port) as (listener, address):
        server = _server(place, address)
        ready(address)
        server.run(sockets=[listener])


@contextmanager
def served(place: Place, port: int = 0) -> Iterator[Address]:
    """Serve in the background for as long as the block runs."""
    with _bound(port) as (listener, address):
        server = _server(place, address)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def _bound(port: int) -> Iterator[tuple[socket.socket, Address]]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise UserError(
                f"port {port} cannot be used: {error.strerror}; leave --port out to get a free one"
            ) from None
        listener.listen(128)
        yield listener, Address(listener.getsockname()[1], Keys())


def _server(place: Place, address: Address) -> uvicorn.Server:
    app = application(place, address.keys, address.port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11",
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
