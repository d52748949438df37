"""The socket a server listens on, opened before the rest so that a taken port is told at once."""

import errno
import socket

from moorline.cli.environment import stop


def listen(host: str, port: int, *, advice: str = "") -> socket.socket:
    """A listening socket. Ends the program with a sentence when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: only then asyncio sends small answers at once, which would else wait 40 ms each.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            other = advice or f"Choose another, for example {port + 1}: make demo PORT={port + 1}"
            stop(f"Port {port} is in use. {other}")
        stop(f"Cannot listen on {host}:{port}: {error.strerror}.")
    return listening
