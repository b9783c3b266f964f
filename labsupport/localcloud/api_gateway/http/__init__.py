"""HTTP APIs.

* `exchange.py`: a request, and what has been found out about it; its answer
* `routes.py`: which route it takes
* `cors.py`: what API Gateway answers to browsers for the integration
* `lambda_authorizer.py`: what an authorizer is asked, what its answer means, how long it is kept
* `function_event.py`, `response.py`: what a function gets, and what its answer means
* `http_server.py`: an integration that is an HTTP server
* `log_variables.py`, `reports.py`: what CloudWatch is told
"""
