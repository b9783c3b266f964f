"""Let the calls of notebooks meet faults: a start-up file of IPython that puts an injector into each kernel.

The lab knows nothing of it. Each kernel writes which faults its calls met, a line for each.
"""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

from tests.checkout import ROOT
from tests.faults import Injector, Schedule, Sent, at_random, quick_retries

STARTUP = """
import sys
sys.path.append({root!r})
from tests.faulty_kernels import make_faulty
make_faulty({folder!r}, {seed!r}, {share!r})
"""


def faulty_kernels(folder: Path, *, seed: int, share: float) -> dict[str, str]:
    """Return the environment in which a share of the calls of every kernel meets a fault."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    text = STARTUP.format(root=str(ROOT), folder=str(folder), seed=seed, share=share)
    (startup / "00_faults.py").write_text(text, encoding="utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}


def faults_in(folder: Path) -> Counter[str]:
    """Return how many faults of each kind the kernels' calls met."""
    lines = [line for path in folder.glob("*.faults") for line in path.read_text().splitlines()]
    return Counter(line.split()[0] for line in lines)


def make_faulty(folder: str, seed: int, share: float) -> None:
    """Put an injector into each session that labsupport makes in this process."""
    from labsupport.session import LocalSession

    number = len(list(Path(folder).glob("*.faults")))
    file = Path(folder) / f"{number:02}.faults"
    file.touch()
    quick_retries().__enter__()  # until the kernel ends
    usual = LocalSession.__init__

    @functools.wraps(usual)
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        usual(self, *args, **kwargs)
        Injector(self.events, _noted(at_random(f"{seed}-{number}", share), file))

    LocalSession.__init__ = make  # type: ignore[method-assign]


def _noted(schedule: Schedule, file: Path) -> Schedule:
    def noted(sent: Sent) -> str | None:
        kind = schedule(sent)
        if kind:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(f"{kind} {sent.service} {sent.operation}\n")
        return kind

    return noted
