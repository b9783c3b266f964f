"""The record of a running local cloud: where it listens, who it is."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

RECORD_FILE = "cloud.json"
ACCOUNT_FILE = "account"


@dataclass(frozen=True)
class CloudRecord:
    """Describe one local cloud.

    Attributes:
        url: endpoint of every service, "http://127.0.0.1:PORT".
        port: the loopback port.
        pid: process id of the server.
        process_started: the process' start time (seconds since the epoch), so that a re-used pid is not
            mistaken for the server.
        account: 12 digits, this lab's own AWS account id.
        region: the default region.
        access_key_id: key of the account's root user (MiniStack takes the account id itself).
        secret_access_key: accepted as it is; it protects nothing and is no secret.
        instance: a new uuid for every server process.
        log_file: path of the server's log.
    """

    url: str
    port: int
    pid: int
    process_started: float
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    instance: str
    log_file: str

    def write(self, home: Path) -> None:
        """Write the record atomically, readable by its owner only."""
        target = home / RECORD_FILE
        aside = target.with_name(f".{RECORD_FILE}.{os.getpid()}")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=1)
        os.replace(aside, target)

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
    path = home / ACCOUNT_FILE
    try:
        known = path.read_text().strip()
        if len(known) == 12 and known.isdigit():
            return known
    except OSError:
        pass
    drawn = str(1 + int.from_bytes(os.urandom(4)) % 9) + f"{int.from_bytes(os.urandom(8)) % 10**11:011d}"
    path.write_text(drawn + "\n")
    return drawn
