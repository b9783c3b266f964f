"""WebSocket APIs: MiniStack keeps them, and each connection is ours.

* `arrival_seam.py`: where a client connects, and where a function sends to a connection
* `backend.py`: routes, authorizers, throttling and functions of one stage
* `seams.py`: the private functions that all this relies on
"""
