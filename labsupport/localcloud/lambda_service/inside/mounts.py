"""Ask the kernel: show what the host has below a new root, and give up the power to do so.

Runs in a new mount namespace, before anything else.
"""

import ctypes
import os

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18

libc = ctypes.CDLL(None, use_errno=True)


def show(root, source, target):
    """Show what the host has, a symbolic link as the link that it is."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), root + target)
    else:
        bind(root, source, target)


def bind(root, source, target, recursive=False):
    """Show a folder or a file of the host at a path below the new root. Links are followed."""
    path = root + target
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").close()
    mount(source, path, None, MS_BIND | (MS_REC if recursive else 0))
    mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | locked_flags(path))


def locked_flags(path):
    """Return the flags that a user namespace may not take away when it mounts again."""
    flags = os.statvfs(path).f_flag
    return flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME)


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
