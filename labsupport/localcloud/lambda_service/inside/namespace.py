"""Enter a user and mount namespace in which a function sees what it sees on AWS. Linux, no root needed.

The function's code is at /var/task, its layers at /opt, the runtime at /var/runtime, all read-only; /tmp
is its own and has a limit; the host's home directories are not there at all. It costs a few milliseconds a
cold start. Runs before anything else in the new process, with the standard library only.

The first process of an environment builds the namespaces and hands them to the Lambda service for safe
keeping. A process that a reset starts joins them, and finds in /tmp what its predecessor left there.
"""

import _socket  # not `socket`, which takes milliseconds to import, on each cold start
import ctypes
import json
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}
# The user that Lambda runs functions as.
LAMBDA_UID, LAMBDA_GID = 993, 990
HOST_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/etc")

libc = ctypes.CDLL(None, use_errno=True)
TwoDescriptors = ctypes.c_int * 2


def enter(specification):
    """Move into the environment's namespaces; its first process builds them.

    The specification is JSON: root (an empty folder to build in), task, opt (or null), runtime ({name in
    /var/runtime: real path}), lang ({name in /var/lang/bin: real path}), host (further files and folders
    of the host that are to be seen), tmp_mb (the size of /tmp), kept (the two ends of the socket pair in
    which the Lambda service keeps namespaces).
    """
    wanted = json.loads(specification)
    receiver, sender = (_socket.socket(fileno=number) for number in wanted["kept"])
    if not join(receiver):
        build(wanted)
        keep(sender)
    receiver.close()
    sender.close()
    drop_capabilities()
    os.environ.update(LAMBDA_TASK_ROOT="/var/task", LAMBDA_RUNTIME_DIR="/var/runtime")
    sys.path_importer_cache.clear()  # what it remembers of the old root is not true any more


def join(receiver):
    """Join the namespaces that an earlier process has built. Returns False when there are none.

    They are looked at and left where they are: descriptors that wait in a socket keep a namespace alive.
    """
    size = _socket.CMSG_SPACE(ctypes.sizeof(TwoDescriptors))
    try:
        _, [(_, _, data)], _, _ = receiver.recvmsg(1, size, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    for namespace in TwoDescriptors.from_buffer_copy(data):
        check(libc.setns(namespace, 0), "setns")
        os.close(namespace)
    return True


def keep(sender):
    """Hand our namespaces to the Lambda service. The user namespace comes first: it owns the other."""
    namespaces = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in ("user", "mnt")]
    sender.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, TwoDescriptors(*namespaces))])
    for namespace in namespaces:
        os.close(namespace)


def build(wanted):
    """Build the new root and move into it."""
    root = wanted["root"]
    become_lambda_user()
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=8m")
    for folder in HOST_FOLDERS:
        if os.path.lexists(folder):
            show(root, folder, folder)
    os.mkdir(root + "/tmp")  # before what may lie below /tmp on the host
    mount("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=700,size={wanted['tmp_mb']}m")
    for folder in ("/proc", "/dev"):
        bind(root, folder, folder, writable=True, recursive=True)
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
    pivot(root)
    mount("none", "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def become_lambda_user():
    """Leave the host's user and mount namespaces."""
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{LAMBDA_UID} {uid} 1"),
        ("gid_map", f"{LAMBDA_GID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def show(root, source, target):
    """Show what the host has, a symbolic link as the link that it is."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), root + target)
    else:
        bind(root, source, target)


def bind(root, source, target, writable=False, recursive=False):
    """Show a folder or a file of the host at a path below the new root."""
    path = root + target
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").close()
    mount(source, path, None, MS_BIND | (MS_REC if recursive else 0))
    if not writable:
        mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | locked_flags(path))


def locked_flags(path):
    """Return the flags that a user namespace may not take away when it mounts again."""
    flags = os.statvfs(path).f_flag
    return flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME)


def pivot(root):
    """Make `root` the root, and let go of the old one."""
    os.chdir(root)
    check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def drop_capabilities():
    """Give up the powers that a new user namespace comes with: the handler is an ordinary user."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def mount(source, target, kind, flags, data=None):
    """Ask the kernel to mount something."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind, data)]
    result = libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    check(result, f"mount {source} on {target}")


def check(result, what):
    """Raise the C library's error."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":  # the probe: can this host build namespaces, and join them?
    for _ in range(2):
        if (child := os.fork()) == 0:
            enter(sys.argv[1])
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
