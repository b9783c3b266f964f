"""Find out who is at the other end of a loopback connection: one of these processes, or another one.

TCP doesn't say. But Linux knows an inode for each connection, and for each process those of its open files.
The kernel is asked for the one connection over netlink: /proc/net/tcp lists all of them, and takes 10 ms.

https://man7.org/linux/man-pages/man7/sock_diag.7.html
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import struct
from collections.abc import Callable, Iterable

Address = tuple[str, int]

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST = 4, 20, 1
ANY_STATE, ANY_COOKIE = 0xFFFFFFFF, b"\xff" * 8
# nlmsghdr, then inet_diag_req_v2: of its two ports and two addresses the asked-for socket's own come first.
REQUEST = struct.Struct("=IHHII BBBxI 4s16s16sI8s")
# nlmsghdr, then inet_diag_msg up to its inode.
ANSWER = struct.Struct("=IHHII 4s48s16sI")


def inode_of(client: Address, server: Address) -> int | None:
    """Return the inode of the client's end of a connection, or None if the kernel knows no such connection.

    Raises:
        OSError: this kernel doesn't take the question.
    """
    request = REQUEST.pack(
        REQUEST.size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0,
        socket.AF_INET, socket.IPPROTO_TCP, 0, ANY_STATE,
        struct.pack("!HH", client[1], server[1]), socket.inet_aton(client[0]), socket.inet_aton(server[0]),
        0, ANY_COOKIE,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.sendto(request, (0, 0))
        answer = kernel.recv(4096)
    kind = struct.unpack_from("=IH", answer)[1]
    return int(ANSWER.unpack_from(answer)[-1]) if kind == SOCK_DIAG_BY_FAMILY else None  # or it has gone


Ask = Callable[[Address, Address], int | None]


def is_from(processes: Iterable[int], client: Address, server: Address, ask: Ask = inode_of) -> bool:
    """Tell whether one of these processes has the client's end of a connection.

    Raises:
        OSError: this kernel doesn't say which connections there are.
    """
    if not _is_answered(ask):
        raise OSError("this kernel doesn't say whose connections there are")
    inode = ask(client, server)
    return inode is not None and any(f"socket:[{inode}]" in _open_files(pid) for pid in processes)


@functools.cache
def _is_answered(ask: Ask) -> bool:
    """Try it with a connection of our own: a kernel without inet_diag says of each that there is none."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        return ask(client.getsockname(), client.getpeername()) is not None


def _open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):  # a process may end while it is looked at, and a file be closed
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found
