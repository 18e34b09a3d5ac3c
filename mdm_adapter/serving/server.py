"""The process: a socket, uvicorn on it, and an end by Ctrl-C."""

import ipaddress
import logging
import os
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from mdm_adapter.serving.service import Service

MAX_CONNECTIONS = 128
CLOSING_SECONDS = 0.5  # that a job in the making is waited for


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Args:
        port: 0 for any that is free.

    Raises:
        ValueError: the address is not this machine's, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        family, _, _, _, where = found[0]
        return socket.create_server(where[:2], family=family, backlog=64)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"cannot listen at {host}, port {port} ({reason}); choose another --port or --host"
        ) from error


def address(listening: socket.socket) -> str:
    """Where clients on this machine find a socket."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1" if listening.family == socket.AF_INET else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(service: Service, app: ASGIApp, listening: socket.socket) -> bool:
    """Serve until Ctrl-C (or SIGTERM); jobs in the making are cancelled.

    Args:
        app: the service behind its door (`routes.application`).

    Returns:
        Whether the one in the making has ended; it cannot while it is inside one long call of its network.
    """
    write_log()
    config = uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=5, timeout_graceful_shutdown=1,
        limit_concurrency=MAX_CONNECTIONS, h11_max_incomplete_event_size=32768,
    )  # fmt: skip
    try:
        # uvicorn ends in order and then hands the signal on.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        ended = service.close(CLOSING_SECONDS)
        listening.close()
    return ended


class OneLine(logging.Formatter):
    """A line for each record, exceptions included; with MOTIONCOLLAGE_DEBUG=1 their tracebacks follow."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.getMessage()}"
        if not record.exc_info or record.exc_info[1] is None:
            return line
        if os.environ.get("MOTIONCOLLAGE_DEBUG"):
            return f"{line}\n{self.formatException(record.exc_info)}"
        error = record.exc_info[1]
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (
            f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
        )
        return f"{line}: {type(error).__name__}: {' '.join(str(error).split())[:300]}{place}"


def write_log() -> None:
    """To stderr: jobs as they come and end, and whatever fails."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    for name, level in (("motioncollage.serve", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
