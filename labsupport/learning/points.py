"""What a check found, point by point."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """One point of a check.

    Attributes:
        what: what is asked, as a statement that should be true.
        ok: whether it is.
        wrong: what was found instead.
        look: where to look, or what to do.
    """

    what: str
    ok: bool
    wrong: str = ""
    look: str = ""


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    key: str
    points: tuple[Point, ...]

    @property
    def passed(self) -> bool:
        """Whether every point is as it should be."""
        return all(point.ok for point in self.points)

    def __str__(self) -> str:
        lines = []
        for point in self.points:
            lines.append(f"{'ok ' if point.ok else 'NO '} {point.what}")
            if not point.ok:
                lines += [f"    {text}" for text in (point.wrong, point.look) if text]
        return "\n".join(lines)
