"""Collect the parts of a file in memory, until all are there."""

PART_BYTES = 10 * 1024**2


def handler(event: dict, context: object) -> dict:
    """Return how many bytes came."""
    parts = []
    for number in range(1, event["parts"] + 1):
        parts.append(fetch(number))
        print(f"part {number}: {sum(map(len, parts)) // 1024**2} MB in memory")
    return {"bytes": sum(map(len, parts))}


def fetch(number: int) -> bytes:
    """Return 10 MB. Stands in for a download."""
    return bytes([number % 256]) * PART_BYTES
