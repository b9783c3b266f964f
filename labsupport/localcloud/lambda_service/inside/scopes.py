"""Let signals and abstract Unix sockets of a function reach no other program of the learner's.

The network is the host's, and abstract sockets (a desktop's message bus, the display) belong to it. Landlock
shuts them since Linux 6.12, without root. An older kernel leaves them open.

https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os

from mounts import check, libc

SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_RESTRICT_SELF = 444, 446
ABSTRACT_UNIX_SOCKET, SIGNAL = 1, 2
PR_SET_NO_NEW_PRIVS = 38


def stay_inside():
    """Shut this process and its children in."""
    attributes = (ctypes.c_uint64 * 3)(0, 0, ABSTRACT_UNIX_SOCKET | SIGNAL)
    rules = libc.syscall(SYS_LANDLOCK_CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0)
    if rules < 0:
        return
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    check(libc.syscall(SYS_LANDLOCK_RESTRICT_SELF, rules, 0), "landlock")
    os.close(rules)
