"""What API Gateway does with a request, apart from MiniStack: nothing here knows whose records it reads.

How a request travels. What is in `ministack/` finds the API's records; what decides stands here::

    HTTP API       ministack/http_apis → http/: preflight? → route → throttle → authorizer
                   → event → function → answer → CORS headers → metrics, access log
                   MiniStack sees it for AWS_IAM only: it checks signature and policies.
    REST API       MiniStack's own way (resource, authorizer, API key, throttle, validator), inside
                   ministack/rest_apis → rest/: the stage's deployment, its cache, the proxy's event and
                   answer, execution log, metrics, access log
    WebSocket API  ministack/websocket_apis → websocket/: one session for each client, from the handshake
                   ($connect) over its messages (a route each) to $disconnect

What all of them use stands at the top:

* `lambda_integration.py`: may the API invoke the function, and does it answer in time?
* `token_bucket.py`: throttling. All kinds of API share their account's bucket
* `access_log.py`, `metrics.py`: what CloudWatch is told of a request
"""
