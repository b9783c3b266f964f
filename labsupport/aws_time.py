"""Times as AWS's services write them: each in its own way, and sometimes in another one than before.

Lambda writes ISO 8601 with milliseconds, SQS seconds since 1970 as text, CloudWatch Logs milliseconds. Where
a service's model says timestamp, botocore has made a datetime of it already.
"""

from __future__ import annotations

from datetime import UTC, datetime

MILLISECONDS_FROM = 1e11  # as seconds that would be the year 5138


def read_time(value: object) -> datetime | None:
    """Return the time that a service tells, in UTC where no offset is told; None for what isn't a time.

    It raises nothing: a thing whose time can't be read is still there, and has to be found and deleted.
    """
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        value = float(value)
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / (1000 if value > MILLISECONDS_FROM else 1), UTC)
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
