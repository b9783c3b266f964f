"""REST APIs.

* `exchange.py`: a request, and what became of it
* `deployments.py`: a stage serves a snapshot
* `proxy_event.py`, `proxy_response.py`: what a function gets, and what its answer means
* `response_cache.py`: a stage's cache
* `usage_ledger.py`, `usage_plan_patch.py`: what API keys have used, and how a usage plan is changed
* `openapi_import.py`, `openapi_export.py`: an API as a document
* `rules.py`: what is refused when an API is built
* `execution_log.py`, `log_lines.py`: what was done with a request, line by line
"""
