"""One handler that tries, in one invocation, whatever it can think of. Every attempt is refused."""

from __future__ import annotations

import ctypes
import os
import socket
import textwrap
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.lab import Lab
from labsupport.localcloud.lambda_service.sandbox import Walls
from labsupport.localcloud.record import CloudRecord
from labsupport.packaging import zip_files
from tests.checkout import ROOT
from tests.conformance.conftest import highest_walls, make_function, processes_of

pytestmark = [
    pytest.mark.functional,
    pytest.mark.skipif(
        highest_walls() is not Walls.FILES_AND_PROCESSES, reason="this host allows no process namespaces"
    ),
]

HANDLER = """
    import ctypes, glob, http.client, json, os, signal, socket
    import boto3
    from botocore.config import Config

    libc = ctypes.CDLL(None, use_errno=True)
    NEWUSER, NEWNS = 0x10000000, 0x00020000
    MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096

    def call(result):
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def read(path):
        with open(path, "rb") as file:
            return repr(file.read(40))

    def write(path):
        with open(path, "ab") as file:
            file.write(b"x")
        return "written"

    def there(pattern):
        found = glob.glob(pattern)
        if not found:
            raise FileNotFoundError(pattern)
        return found[:3]

    def mount(source, target, kind, flags):
        call(libc.mount(source, target, kind, ctypes.c_ulong(flags), None))
        return "mounted"

    def again(work):
        # With the powers of a user namespace of its own, in a child.
        answer, say = os.pipe()
        if os.fork() == 0:
            try:
                call(libc.unshare(NEWUSER | NEWNS))  # all powers, over what it holds itself
                os.write(say, str(work()).encode())
            except BaseException as error:
                os.write(say, b"refused: " + str(error).encode())
            os._exit(0)
        os.close(say)
        os.wait()
        said = os.read(answer, 1000).decode()
        os.close(answer)
        if said.startswith("refused"):
            raise PermissionError(said)
        return said

    def below_proc():
        # What is below this /proc: an older one?
        call(libc.umount2(b"/proc", 2))
        return os.listdir("/proc")

    def new_proc(pid):
        mount(b"proc", b"/tmp", b"proc", 0)
        os.stat(f"/tmp/{pid}")
        return "seen"

    def ask(address, method, path, headers=None, body="{}"):
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            if answer.status >= 400:
                raise PermissionError(f"{answer.status}")
            return f"{answer.status} {answer.read(80)!r}"
        except http.client.HTTPException as error:
            raise PermissionError(repr(error))
        finally:
            connection.close()

    def aws(service, operation, keys=None, **parameters):
        named = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys or ()))
        client = boto3.client(service, config=Config(retries={"total_max_attempts": 1}), **named)
        return str(getattr(client, operation)(**parameters))[:80]

    def abstract(name):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\\0" + name)
            return "connected"

    def stranger_descriptors():
        ours = ("/dev/null", "pipe:", "socket:", "anon_inode:", "/proc/")
        found = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                 if os.path.lexists(f"/proc/self/fd/{fd}")]
        strange = [path for path in found if not path.startswith(ours)]
        sockets = []
        for name in os.listdir("/proc/self/fd"):
            try:
                with socket.socket(fileno=os.dup(int(name))) as one:
                    if one.family == socket.AF_UNIX:  # a pair that the runtime's HTTP client has made?
                        made_by = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4)
                        is_own = int.from_bytes(made_by, "little") == os.getpid()
                    else:
                        is_own = one.getpeername() == api()
                    if not is_own:
                        sockets.append(str(one))
            except OSError:
                pass
        if not strange + sockets:
            raise PermissionError("nothing but its own")
        return strange + sockets

    def api():
        host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
        return host, int(port)

    def attempts(event):
        for path in event["files"]:
            yield f"read {path}", lambda: there(path)
        for path in ("/etc/shadow", "/etc/machine-id", "/etc/hostname", "/dev/mem", "/dev/kmsg", "/dev/vda",
                     "/dev/sda", "/dev/kvm", "/dev/fuse", "/dev/tty", "/dev/ptmx", "/sys/kernel", "/run"):
            yield f"read {path}", lambda: read(path)
        for path in ("/var/task/x", "/opt/x", "/var/runtime/x", "/etc/passwd", "/usr/x", "/dev/x", "/x",
                     "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"):
            yield f"write {path}", lambda: write(path)
        yield "chmod a device", lambda: os.chmod("/dev/null", 0o600) or "done"
        for whose, pid in event["pids"].items():
            for name in ("environ", "maps", "mem", "cmdline"):
                yield f"{name} of {whose}", lambda: read(f"/proc/{pid}/{name}")
            for name in ("root", "cwd", "fd", "ns"):
                yield f"{name} of {whose}", lambda: os.listdir(f"/proc/{pid}/{name}/")
            for number in (0, signal.SIGCONT, signal.SIGURG):
                yield f"signal {number} to {whose}", lambda: os.kill(pid, number) or "sent"
            yield f"signal to the group of {whose}", lambda: os.killpg(pid, 0) or "sent"
            yield f"trace {whose}", lambda: call(libc.ptrace(16, pid, None, None))
            yield f"descriptor of {whose}", lambda: os.pidfd_open(pid)
        for number in (-1, 1):
            yield f"signal to {number}", lambda: outside(number)
        yield "its descriptors", stranger_descriptors
        yield "mount", lambda: mount(b"none", b"/tmp", b"tmpfs", 0)
        yield "remount", lambda: mount(b"none", b"/var/task", None, MS_REMOUNT | MS_BIND)
        yield "unmount", lambda: call(libc.umount2(b"/proc", 2))
        yield "chroot", lambda: os.chroot("/tmp") or "done"
        yield "a device", lambda: os.mknod("/tmp/device", 0o60666, os.makedev(254, 0)) or "made"
        yield "another user", lambda: os.setuid(0) or "done"
        yield "host name", lambda: call(libc.sethostname(b"evil", 4))
        yield "namespaces of number 1", lambda: call(libc.setns(os.open("/proc/1/ns/mnt", 0), 0))
        yield "remount, in a new namespace", lambda: again(
            lambda: mount(b"none", b"/var/task", None, MS_REMOUNT | MS_BIND) + write("/var/task/x"))
        yield "unmount, in a new namespace", lambda: again(below_proc)
        yield "another /proc, in a new namespace", lambda: again(lambda: new_proc(event["pids"]["server"]))
        yield "another root, in a new namespace", lambda: again(
            lambda: (os.chroot("/tmp"), os.chdir("../../../../.."), os.listdir(event["home"]))[2])
        yield "a device, in a new namespace", lambda: again(
            lambda: os.mknod("/tmp/device2", 0o60666, os.makedev(254, 0)) or "made")
        yield "System V memory", lambda: call(
            libc.shmctl(event["memory"], 2, ctypes.create_string_buffer(256)))
        yield "POSIX memory", lambda: there("/dev/shm/*")
        yield "abstract socket", lambda: abstract(event["socket"])
        for method, path in (("POST", "/_ministack/reset"), ("GET", "/_ministack/config"),
                             ("GET", "/_localstack/info"), ("GET", "/_aws/ses"),
                             ("PUT", "/_lab/model-quotas"),
                             ("GET", event["code"]), ("GET", "/2015-03-31/functions"), ("GET", "/")):
            yield f"{method} {path}", lambda: ask(event["cloud"], method, path)
        bearer = {"Authorization": "Bearer " + os.environ["AWS_SECRET_ACCESS_KEY"]}
        yield "settings with its own key", lambda: ask(event["cloud"], "PUT", "/_lab/model-quotas", bearer)
        for method, path in (("GET", "/2018-06-01/runtime/invocation/next"),
                             ("POST", "/2018-06-01/runtime/invocation/x/response"),
                             ("POST", "/2018-06-01/runtime/init/error"),
                             ("POST", "/2020-01-01/extension/register"), ("POST", "/lab/launcher/ended"),
                             ("POST", "/lab/launcher/runtime/1")):
            yield f"another function's {path}", lambda: ask(event["api"], method, path)
        secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        for who, keys in {"root": (event["account"], "x"), "root with its secret": (event["account"], secret),
                          "test": ("test", "test"), "no token": (os.environ["AWS_ACCESS_KEY_ID"], secret),
                          "its role": None}.items():
            yield f"users, as {who}", lambda: aws("iam", "list_users", keys)
            yield f"buckets, as {who}", lambda: aws("s3", "list_buckets", keys)
            yield f"another's code, as {who}", lambda: aws(
                "lambda", "get_function", keys, FunctionName=event["other"])
            yield f"another function, as {who}", lambda: aws(
                "lambda", "invoke", keys, FunctionName=event["other"])
            yield f"itself, as {who}", lambda: aws(
                "lambda", "update_function_configuration", keys, Timeout=1,
                FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
            yield f"another role, as {who}", lambda: aws(
                "sts", "assume_role", keys, RoleArn=event["role"], RoleSessionName="evil")

    def outside(number):
        # Who is there to be reached? Nobody but its own and number 1, which doesn't notice.
        os.kill(number, signal.SIGURG)
        raise PermissionError("reaches its own alone")

    def handler(event, context):
        tried = {}
        for name, attempt in attempts(event):
            try:
                tried[name] = f"REACHED: {attempt()}"
            except Exception as error:
                tried[name] = f"refused: {type(error).__name__}: {error}"
        return tried
"""


@pytest.fixture
def system_v_memory() -> Iterator[int]:
    libc = ctypes.CDLL(None)
    number = libc.shmget(0, 4096, 0o1600)
    yield number
    libc.shmctl(number, 0, None)


@pytest.fixture
def abstract_socket() -> Iterator[str]:
    """Listen on an abstract Unix socket, as desktops do, and return its name."""
    name = f"lab-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        yield name


def test_every_attempt_of_a_hostile_handler_is_refused(
    lab: Lab, cloud: CloudRecord, cloud_home: Path, system_v_memory: int, abstract_socket: str
) -> None:
    role = lab.deploy_role("hello")
    victim = lab.deploy_function(
        "victim", code=_code("def handler(event, context): return event"), role_arn=role
    )
    assert lab.invoke("victim", 1).result == 1
    other = next(process for process in processes_of(make_function(name=victim.name)))
    event: dict[str, Any] = {
        "files": [
            *(str(Path.home() / name) for name in (".aws", ".ssh", ".bash_history", ".jupyter")),
            str(ROOT / "*"),
            *(str(cloud_home / name) for name in ("cloud.json", "secret", "state/*", "cloud.log", "work/*")),
            f"/proc/{cloud.pid}",
        ],
        "home": str(cloud_home),
        "pids": {"server": cloud.pid, "kernel": os.getpid(), "environment": other.pid},
        "memory": system_v_memory,
        "socket": abstract_socket,
        "cloud": f"127.0.0.1:{cloud.port}",
        "code": f"/_ministack/lambda-code/{cloud.account}/us-east-1/{victim.name}",
        "api": other.environ()["AWS_LAMBDA_RUNTIME_API"],
        "account": cloud.account,
        "other": victim.name,
        "role": role,
    }
    settings: dict[str, Any] = {"memory_mb": 1769, "timeout_seconds": 120}
    lab.deploy_function("hostile", code=_code(HANDLER), role_arn=role, **settings)
    answer = lab.invoke("hostile", event)
    assert not answer.failed, answer
    tried = answer.result
    if not _sockets_are_shut():
        del tried["abstract socket"]
    assert len(tried) > 100
    assert {name: said for name, said in tried.items() if not said.startswith("refused")} == {}
    wrong = ("NameError", "TypeError", "AttributeError", "KeyError", "ParamValidationError")
    assert [said for said in tried.values() if any(f"refused: {each}" in said for each in wrong)] == []
    assert lab.invoke("victim", 2).result == 2


def _sockets_are_shut() -> bool:
    """Ask for Landlock: its sixth version, of Linux 6.12, knows abstract sockets."""
    return bool(ctypes.CDLL(None).syscall(444, None, 0, 1) >= 6)


def _code(source: str) -> bytes:
    return zip_files({"handler.py": textwrap.dedent(source).encode()})
