"""Which parts of the host a function sees: programs, libraries, five devices, a /etc with nobody in it.

What runtimes need, and no more. Not the names of the host's users, its network's configuration, its devices
or its shared memory: AWS's environments have no /dev/shm either.
"""

import os

from mounts import bind, show

PROGRAMS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr")
DEVICES = ("null", "zero", "full", "random", "urandom")
# For the dynamic linker, TLS, name resolution and what a program's name may be a link to.
SETTINGS = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "mime.types",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "ssl",
)
# The user that Lambda runs functions as.
LAMBDA_UID, LAMBDA_GID = 993, 990
HOST_NAME = "localhost"
OUR_SETTINGS = {
    "passwd": f"lambda:x:{LAMBDA_UID}:{LAMBDA_GID}::/tmp:/bin/sh\n",
    "group": f"lambda:x:{LAMBDA_GID}:\n",
    "hosts": f"127.0.0.1 {HOST_NAME}\n::1 {HOST_NAME}\n",
    # "myhostname" knows that x.localhost is this machine.
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files myhostname dns\n",
}


def show_machine(root):
    """Show it below the new root."""
    for folder in PROGRAMS:
        if os.path.lexists(folder):
            show(root, folder, folder)
    for name in SETTINGS:
        if os.path.exists(f"/etc/{name}"):
            bind(root, f"/etc/{name}", f"/etc/{name}")
    for name, text in OUR_SETTINGS.items():
        with open(f"{root}/etc/{name}", "w") as file:
            file.write(text)
    for name in DEVICES:
        bind(root, f"/dev/{name}", f"/dev/{name}")
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{root}/dev/{name}")
