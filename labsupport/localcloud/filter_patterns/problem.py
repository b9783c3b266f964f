"""What is wrong with a pattern."""

from __future__ import annotations


class InvalidPattern(ValueError):
    """A pattern that AWS refuses. Its text is a sentence about the cause and what to do."""

    @classmethod
    def characters(cls, term: str) -> InvalidPattern:
        """Return what AWS says of characters that stand outside of quotation marks, and the way out."""
        return cls(
            f"Invalid character(s) in term '{term}'. "
            'Put what has other characters than letters, digits and _ into "quotation marks".'
        )
