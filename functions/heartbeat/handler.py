"""Print a heartbeat from a thread in the background, while the handler works and after it has answered."""

import threading
import time

beats = 0


def beat() -> None:
    """Print a line every tenth of a second, for ever."""
    global beats
    while True:
        beats += 1
        print("beat", beats)
        time.sleep(0.1)


threading.Thread(target=beat, daemon=True).start()


def handler(event: dict, context: object) -> dict:
    """Work for half a second, and say how many beats there have been."""
    time.sleep(0.5)
    return {"beats": beats}
