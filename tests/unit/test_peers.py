"""Who is at the other end of a loopback connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.peers import Address, is_from

pytestmark = pytest.mark.skipif(not host.IS_LINUX, reason="only Linux tells")


@pytest.fixture
def connection() -> Iterator[tuple[Address, Address]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        yield client.getsockname(), client.getpeername()


def test_a_connection_is_told_from_a_process_that_has_it(connection: tuple[Address, Address]) -> None:
    assert is_from([os.getpid()], *connection)
    assert not is_from([os.getppid()], *connection)
    assert not is_from([], *connection)


def test_a_connection_that_is_not_there_is_nobodys(connection: tuple[Address, Address]) -> None:
    (host_name, port), server = connection
    assert not is_from([os.getpid()], (host_name, port + 1), server)


def test_a_kernel_that_knows_no_connection_at_all_is_not_believed(
    connection: tuple[Address, Address],
) -> None:
    with pytest.raises(OSError, match="doesn't say"):
        is_from([os.getpid()], *connection, ask=lambda client, server: None)
