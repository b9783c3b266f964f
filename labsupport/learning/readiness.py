"""How far a learner is with each task of the exam, counted from what was really passed.

https://docs.aws.amazon.com/aws-certification/latest/solutions-architect-associate-03/solutions-architect-associate-03.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labsupport.learning.material import Material
from labsupport.learning.progress import Event

# The names of the exam's tasks, shortened.
EXAM_TASKS = {
    "1.1": "secure access",
    "1.2": "secure workloads",
    "1.3": "data security controls",
    "2.1": "scalable, loosely coupled",
    "2.2": "highly available, fault-tolerant",
    "3.1": "storage",
    "3.2": "elastic compute",
    "3.3": "databases",
    "3.4": "network",
    "3.5": "ingestion and transformation",
    "4.1": "storage cost",
    "4.2": "compute cost",
    "4.3": "database cost",
    "4.4": "network cost",
}


@dataclass(frozen=True)
class Readiness:
    """How far a learner is with one task.

    Attributes:
        task: such as "2.1".
        questions_right, questions: whose newest answer was right, and all there are.
        exercises_passed, exercises: likewise.
    """

    task: str
    questions_right: int
    questions: int
    exercises_passed: int
    exercises: int

    @property
    def name(self) -> str:
        """The task's name."""
        return EXAM_TASKS[self.task]

    @property
    def share(self) -> float:
        """What was passed of what there is, 0 to 1."""
        return (self.questions_right + self.exercises_passed) / max(1, self.questions + self.exercises)


def readiness(materials: Sequence[Material], events: Iterable[Event]) -> list[Readiness]:
    """Return the tasks that the course has questions or exercises for, in the exam's order."""
    happened = list(events)
    right = {event["key"]: bool(event["right"]) for event in happened if event["kind"] == "question"}
    checks = [event for event in happened if event["kind"] == "check" and not event.get("unattended")]
    passed = {event["key"] for event in checks if event["passed"]}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for material in materials:
        for question in material.questions.values():
            counts[question.exam_task][0] += right.get(question.key, False)
            counts[question.exam_task][1] += 1
        for exercise in material.exercises.values():
            counts[exercise.exam_task][2] += exercise.key in passed
            counts[exercise.exam_task][3] += 1
    return [Readiness(task, *counts[task]) for task in EXAM_TASKS if task in counts]
