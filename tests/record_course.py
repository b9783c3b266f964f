"""Record what each notebook of the course uses: `.venv/bin/python -m tests.record_course [NN ...]`.

It runs the course on a local cloud of its own, listens to each notebook's tape, and writes what it heard into
`labsupport/course_usage.json`: the IAM actions that the calls need on AWS, the models, and what would be paid
for. Look at the change before you commit it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.checkout import ROOT, Checkout
from tests.course import add_course
from tests.listening import heard_in, listening

USAGE = ROOT / "labsupport" / "course_usage.json"


def record(numbers: list[str], folder: Path) -> dict[str, Any]:
    """Run the notebooks, and return what each of them used, by its number."""
    checkout = add_course(Checkout(folder))
    environ = listening(folder / "heard", with_costs=True)
    answer = checkout.lab("run", *numbers, timeout_seconds=3600, **environ)
    print(answer.stdout, answer.stderr, sep="\n")
    checkout.lab("teardown")
    checkout.lab("stop")
    if answer.returncode:
        sys.exit("The course didn't pass, so nothing is written.")
    return heard_in(folder / "heard")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        heard = record(sys.argv[1:], Path(folder))
    usage = json.loads(USAGE.read_text(encoding="utf-8")) if USAGE.exists() else {"notebooks": {}}
    usage["notebooks"] = dict(sorted((usage["notebooks"] | heard).items()))
    usage["recorded"] = f"{datetime.now(UTC):%Y-%m-%d}"
    USAGE.write_text(json.dumps(usage, indent=1) + "\n", encoding="utf-8")
    print(f"{', '.join(sorted(heard))}: written to {USAGE}")


if __name__ == "__main__":
    main()
