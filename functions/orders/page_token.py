"""The opaque token behind `next`: where in a customer's list to go on.

It holds the key of the last order of the page, which DynamoDB wants back as ExclusiveStartKey. A checksum
tells whether it is whole, and of this customer's list. There is no secret in it, and none is needed: a token
that somebody made up leads to another place in the same customer's list, and no further.
"""

import base64
import hashlib
import json

from proxy import Refusal


def write_token(position: dict[str, str]) -> str:
    """Return the token for the key of the last order of a page."""
    text = json.dumps([position["pk"], position["created_at"]]).encode()
    return base64.urlsafe_b64encode(_checksum(text, position["customer"]) + text).decode().rstrip("=")


def read_token(token: str, customer: str) -> dict[str, str]:
    """Return the key that a token stands for.

    Raises:
        Refusal: 400, it is not one of ours, or of another customer's list.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    checksum, text = raw[:8], raw[8:]
    # Written again, it must be the same: Base64 has several spellings of the same bytes.
    if checksum == _checksum(text, customer):
        pk, created_at = json.loads(text)
        position = {"pk": pk, "customer": customer, "created_at": created_at}
        if write_token(position) == token:
            return position
    errors = [{"field": "next", "reason": "Not a token of this list"}]
    raise Refusal(400, "The request is not valid.", errors)


def _checksum(text: bytes, customer: str) -> bytes:
    return hashlib.sha256(customer.encode() + b"\n" + text).digest()[:8]
