"""Enter namespaces in which a function sees what it sees on AWS. Linux, no root needed.

The function's code is at /var/task, its layers at /opt, the runtime at /var/runtime, all read-only; /tmp
is its own and has a limit; of the host there is what `machine.py` lists, and no home directories. The host's
name and its System V memory are out of reach, too. It costs a few milliseconds a cold start. Runs before
anything else in the new process, with the standard library only.

The first process of an environment builds the namespaces and hands them to the Lambda service for safe
keeping. A process that a reset starts joins them, and finds in /tmp what its predecessor left there.
"""

import _socket  # not `socket`, which takes milliseconds to import, on each cold start
import ctypes
import json
import os
import sys

import processes
import scopes
from machine import HOST_NAME, LAMBDA_GID, LAMBDA_UID, show_machine
from mounts import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    bind,
    check,
    drop_capabilities,
    libc,
    mount,
    show,
)

# The user namespace comes first: it owns the others.
NAMESPACES = {"user": 0x10000000, "mnt": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000}
MNT_DETACH = 2
INIT = "/var/rapid"  # where this folder is shown, for a new start inside
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
Descriptors = ctypes.c_int * len(NAMESPACES)


def enter(specification, when_built):
    """Move into the environment's namespaces; its first process builds them.

    Calls `when_built` once they are there. Where processes are hidden, it returns in a child of this one.
    Returns the variables that were held back. With any, bootstrap.py is at INIT, to be started again.

    The specification is JSON: root (an empty folder to build in), task, opt (or null), runtime ({name in
    /var/runtime: real path}), lang ({name in /var/lang/bin: real path}), host (further files and folders
    of the host that are to be seen), tmp_mb (the size of /tmp), kept (the two ends of the socket pair in
    which the Lambda service keeps namespaces), processes (whether they are hidden), held (variables that
    must not act outside), init (the folder of this file, or null).
    """
    wanted = json.loads(specification)
    receiver, sender = (_socket.socket(fileno=number) for number in wanted["kept"])
    if not join(receiver):
        build(wanted)
        keep(sender)
    receiver.close()
    sender.close()
    when_built()
    if wanted["processes"]:
        processes.enter()
    scopes.stay_inside()
    drop_capabilities()
    os.environ.update(LAMBDA_TASK_ROOT="/var/task", LAMBDA_RUNTIME_DIR="/var/runtime")
    sys.path_importer_cache.clear()  # what it remembers of the old root is not true any more
    return wanted["held"]


def join(receiver):
    """Join the namespaces that an earlier process has built. Returns False when there are none.

    They are looked at and left where they are: descriptors that wait in a socket keep a namespace alive.
    """
    size = _socket.CMSG_SPACE(ctypes.sizeof(Descriptors))
    try:
        _, [(_, _, data)], _, _ = receiver.recvmsg(1, size, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    for namespace in Descriptors.from_buffer_copy(data):
        check(libc.setns(namespace, 0), "setns")
        os.close(namespace)
    return True


def keep(sender):
    """Hand our namespaces to the Lambda service."""
    namespaces = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in NAMESPACES]
    sender.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, Descriptors(*namespaces))])
    for namespace in namespaces:
        os.close(namespace)


def build(wanted):
    """Build the new root and move into it."""
    root = wanted["root"]
    become_lambda_user()
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=8m")
    show_machine(root)
    os.mkdir(root + "/tmp")  # before what may lie below /tmp on the host
    mount("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=700,size={wanted['tmp_mb']}m")
    bind(root, "/proc", "/proc", recursive=True)  # read-only: a lab that runs as root could set the kernel up
    for path in wanted["host"]:
        if not f"{path}/".startswith("/usr/"):  # which is there already
            bind(root, path, path)
    os.makedirs(root + "/var/lang/bin")
    for name, real in wanted["lang"].items():
        os.symlink(real, f"{root}/var/lang/bin/{name}")
    bind(root, wanted["task"], "/var/task")
    os.makedirs(root + "/opt", exist_ok=True)  # the host may keep its Python there
    for name in os.listdir(wanted["opt"]) if wanted["opt"] else ():
        show(root, f"{wanted['opt']}/{name}", f"/opt/{name}")
    for name, real in wanted["runtime"].items():
        bind(root, real, f"/var/runtime/{name}")
    if wanted["init"]:
        bind(root, wanted["init"], INIT)
    pivot(root)
    mount("none", "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def become_lambda_user():
    """Leave the host's namespaces."""
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(sum(NAMESPACES.values())), "unshare")
    check(libc.sethostname(HOST_NAME.encode(), len(HOST_NAME)), "sethostname")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{LAMBDA_UID} {uid} 1"),
        ("gid_map", f"{LAMBDA_GID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def pivot(root):
    """Make `root` the root, and let go of the old one."""
    os.chdir(root)
    check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


if __name__ == "__main__":  # the probe: can this host build namespaces, and join them?
    for _ in range(2):
        if (child := os.fork()) == 0:
            enter(sys.argv[1], when_built=lambda: None)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
