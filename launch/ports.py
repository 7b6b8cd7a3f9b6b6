"""Free ports: the first of some that a server of ours could listen on."""

import socket
from collections.abc import Iterable


def first_free(host: str, ports: Iterable[int]) -> int | None:
    """The first of the ports that nobody listens on, None where all are taken. It may be taken in the next moment."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return None
