"""Why a query isn't answered."""

from __future__ import annotations


class MalformedQuery(ValueError):
    """A query that is wrong, or one that is right and outside of what the local cloud can answer."""

    @classmethod
    def outside(cls, what: str) -> MalformedQuery:
        """Return the refusal of something that CloudWatch Logs Insights may well know."""
        return cls(
            f"{what} is outside of what the local cloud can answer. It knows the commands fields, display, "
            "filter, parse, sort, limit and stats (count, sum, avg, min, max, pct, by fields and by bin) and "
            "the functions ispresent and strcontains."
        )
