"""Hash a password: work for the CPU, and nothing else."""

import hashlib


def handler(event: dict, context: object) -> dict:
    """Return the hash. More rounds take longer, for whoever tries to guess the password too."""
    password, salt = event["password"].encode(), event["salt"].encode()
    return {"hash": hashlib.pbkdf2_hmac("sha256", password, salt, event["rounds"]).hex()}
