"""WebSocket APIs.

* `session.py`: one client, from its handshake to its end
* `connections.py`: who is connected, and what is sent to them
* `selection.py`: which route a message takes
* `exchange.py`: an event on its way to an integration and back; `events.py`: what a function gets of it
* `answers.py`: what a function's answer means
* `frames.py`, `limits.py`: what a frame may be, and for how long a client may stay
"""
