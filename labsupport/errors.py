"""What the lab says when something goes wrong: what was being done, why it failed, what to do next."""

from __future__ import annotations


class LabError(Exception):
    """Explain a failure to the learner.

    Attributes:
        doing: what the lab was doing, as a phrase: "building the layer pillow".
        cause: why it failed, as a sentence.
        next_step: what the learner can do about it, as a sentence.
        detail: raw text behind the cause (a tool's last lines), or None. It is not part of the message.
    """

    def __init__(self, *, doing: str, cause: str, next_step: str, detail: str | None = None) -> None:
        """Keep the three parts and join them into one message of three lines."""
        self.doing = doing
        self.cause = cause
        self.next_step = next_step
        self.detail = detail
        super().__init__(f"While {doing}: {cause}\nWhat to do: {next_step}")
        if detail:
            self.add_note(detail)  # for a traceback outside notebooks: pytest's, a script's

    def _render_traceback_(self) -> list[str]:
        """Show the message in a notebook instead of our frames (IPython asks for this method)."""
        lines = str(self).splitlines()
        if self.detail:
            lines += ["Details:", *(f"  {line}" for line in self.detail.splitlines())]
        return lines


class TargetError(LabError):
    """The lab can't tell, or doesn't trust, where it would build: local cloud or AWS account."""


class CloudError(LabError):
    """The local cloud didn't start, didn't answer or has gone away."""


class DeployError(LabError):
    """An AWS resource could not be built or did not become ready in time."""


class SpendingError(LabError):
    """What the lab may spend (LAB_MAX_USD) is spent."""


class TeardownError(LabError):
    """Some of the lab's resources could not be deleted."""


class CheckError(LabError):
    """An exercise is not solved, in a notebook that runs unattended."""
