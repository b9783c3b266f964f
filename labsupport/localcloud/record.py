"""The record of a running local cloud: where it listens, who it is."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from labsupport.localcloud.private_files import write_private

RECORD_FILE = "cloud.json"
ACCOUNT_FILE = "account"
SECRET_FILE = "secret"


@dataclass(frozen=True)
class RootKey:
    """The access key of an account's root user, the only one it has."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class CloudRecord:
    """Describe one local cloud.

    Attributes:
        url: endpoint of every service, "http://127.0.0.1:PORT".
        port: the loopback port.
        pid: process id of the server.
        account: 12 digits, this lab's own AWS account id.
        region: the default region.
        access_key_id: key of the account's root user (MiniStack takes the account id itself).
        secret_access_key: its secret. Nobody acts as the root user without it.
        instance: a new uuid for every server process. Its command line has it too, so that another process
            that got the pid is not mistaken for the server.
        log_file: path of the server's log.
    """

    url: str
    port: int
    pid: int
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    instance: str
    log_file: str

    def write(self, home: Path) -> None:
        """Write the record atomically, readable by its owner only."""
        write_private(home / RECORD_FILE, json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, home: Path) -> CloudRecord | None:
        """Read the record, or None where there is none that makes sense."""
        try:
            return cls(**json.loads((home / RECORD_FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return None


def account_id(home: Path) -> str:
    """Return this lab's account id: drawn once, kept in its home.

    AWS account ids are 12 digits. The first digit is never 0 here, so that tools which read the id as a
    number don't lose it.
    """
    drawn = str(1 + int.from_bytes(os.urandom(4)) % 9) + f"{int.from_bytes(os.urandom(8)) % 10**11:011d}"
    return _kept(home / ACCOUNT_FILE, drawn, lambda known: len(known) == 12 and known.isdigit())


def root_key(home: Path) -> RootKey:
    """Return the root user's access key. Its secret is drawn once, so that exported keys stay good."""
    secret = _kept(home / SECRET_FILE, secrets.token_hex(20), lambda known: len(known) == 40)
    return RootKey(account_id(home), secret)


def _kept(path: Path, drawn: str, is_good: Callable[[str], bool]) -> str:
    """Return what a file holds, or write it: it belongs to its owner alone from its first byte on."""
    try:
        known = path.read_text().strip()
        if is_good(known):
            return known
    except (OSError, UnicodeDecodeError):
        pass
    write_private(path, f"{drawn}\n".encode())
    return drawn
