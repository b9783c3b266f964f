"""HTTP APIs: MiniStack keeps them, and every request to one is ours from its arrival to its answer.

* `apis.py`: the seams put together
* `arrival_seam.py`: where a request arrives, before MiniStack's router
* `answering_seam.py`: what its client gets, step by step
* `deployments_seam.py`: which routes a stage serves
* `authorizers_seam.py`, `iam_seam.py`: who may pass
* `integrations_seam.py`: what functions and HTTP servers answer
* `rules_seam.py`: what is refused when an API is built
* `seams.py`: the private functions that all this relies on
"""
