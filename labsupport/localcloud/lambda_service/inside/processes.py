"""Put an environment's processes where they see one another and no others.

Three processes share the work. The one that the Lambda service has started stays outside: it leads the
process group, waits for the runtime, and ends as the runtime has ended. Its first child is number 1 of the
new process namespace, which the kernel needs: it takes in orphans, and with it everything ends. It can't be
the runtime itself, since number 1 doesn't notice a SIGTERM. Its second child becomes the runtime.
"""

import _signal  # not `signal`: it is Python's own, whatever a function's PYTHONPATH holds
import os

from mounts import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, check, drop_capabilities, libc, mount

CLONE_NEWPID = 0x20000000
PR_SET_DUMPABLE = 4


def enter():
    """Move into a process namespace with a /proc of its own. Returns in the runtime-to-be.

    A process that joins an environment's other namespaces mounts its /proc over its predecessor's: the
    kernel allows a new one only where it sees an old one.
    """
    check(libc.unshare(CLONE_NEWPID), "unshare")
    # The handler may signal its group, to which all three belong. The first two never notice.
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    first = os.fork()
    if first == 0:
        drop_capabilities()
        take_in_orphans()
    runtime = os.fork()
    if runtime:
        drop_capabilities()
        end_like(runtime, first)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


def take_in_orphans():
    """Be number 1: let the kernel forget whoever ends, until it ends us."""
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    while True:
        _signal.pause()


def end_like(runtime, first):
    """Wait for the runtime, end everything that it has left behind, and end as it has ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(runtime, 0)[1])
    os.kill(first, _signal.SIGKILL)
    os.waitpid(first, 0)
    if code < 0:
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no second core file
        if -code != _signal.SIGKILL:
            _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {-code})
    os._exit(code)
