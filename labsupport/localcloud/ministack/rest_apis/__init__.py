"""REST APIs: MiniStack keeps and serves them, with our deployments, limits, logs and integrations in its way.

* `apis.py`: the seams put together, and the state that is saved
* `arrival_seam.py`: where a request arrives at a stage
* `integration_seam.py`: what functions, mocks, queues and HTTP servers answer
* `cache_seam.py`: when a stage's cache answers instead
* `report_seam.py`: what CloudWatch is told
* `control_seam.py`: where an API is built
* `deployments_seam.py`: what a deployment keeps
* `openapi_seam.py`: where a document becomes an API
* `usage_seam.py`: what API keys may use
* `seams.py`: the private functions that all this relies on
"""
