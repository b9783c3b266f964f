"""Enter a user and mount namespace in which a function sees what it sees on AWS. Linux, no root needed.

The function's code is at /var/task, its layers at /opt, the runtime at /var/runtime, all read-only; /tmp
is its own; the host's home directories are not there at all. It costs a few milliseconds a cold start.
Runs before anything else in the new process, with the standard library only.
"""

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


def enter(specification):
    """Build the new root and move into it.

    The specification is JSON: root (an empty folder to build in), task, opt (or null), runtime ({name in
    /var/runtime: real path}), tmp (the environment's own folder for /tmp), interpreter, python (its prefix).
    """
    wanted = json.loads(specification)
    root = wanted["root"]
    become_lambda_user()
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=8m")
    for folder in HOST_FOLDERS:
        if os.path.islink(folder):
            os.symlink(os.readlink(folder), root + folder)
        elif os.path.isdir(folder):
            bind(root, folder, folder)
    bind(root, wanted["tmp"], "/tmp", writable=True)  # before a prefix that may lie below /tmp
    for folder in ("/proc", "/dev"):
        bind(root, folder, folder, writable=True, recursive=True)
    if not wanted["python"].startswith("/usr"):
        bind(root, wanted["python"], wanted["python"])
    os.makedirs(root + "/var/lang/bin")
    os.symlink(wanted["interpreter"], root + "/var/lang/bin/python3")
    bind(root, wanted["task"], "/var/task")
    if wanted["opt"]:
        bind(root, wanted["opt"], "/opt")
    else:
        os.mkdir(root + "/opt")
    for name, real in wanted["runtime"].items():
        bind(root, real, f"/var/runtime/{name}")
    pivot(root)
    mount("none", "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
    drop_capabilities()
    os.environ.update(LAMBDA_TASK_ROOT="/var/task", LAMBDA_RUNTIME_DIR="/var/runtime")
    os.environ.pop("TMPDIR", None)
    sys.path_importer_cache.clear()  # what it remembers of the old root is not true any more


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


if __name__ == "__main__":  # the probe: can this host do it?
    enter(sys.argv[1])
