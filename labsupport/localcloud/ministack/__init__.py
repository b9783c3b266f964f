"""The only folder that touches MiniStack's internals.

MiniStack is the control plane. It is pinned, because what we attach to are its private functions: each
one is checked when the server starts (`seams.py`), so that another version fails with a sentence and not
with a wrong answer an hour later. Raise the pin on purpose, and run the conformance tests.

* `seams.py`: the environment that MiniStack reads, the version, and every private function we use (those of
  APIs stand in `http_apis/seams.py`, `rest_apis/seams.py` and `websocket_apis/seams.py`)
* `cloud.py`: the application and its state
* `caller_seam.py`: who a request comes from: the root user, a function's role, or nobody
* `iam_seam.py`: by which action IAM is asked, how it refuses, and which role a function may get
* `iam_conditions_seam.py`, `iam_simulation_seam.py`: what conditions are asked about, also when IAM simulates
* `validation_seam.py`: where a request of the Lambda API arrives: the rules come first
* `lambda_path.py`: what MiniStack's router takes a path of the Lambda API for
* `states_seam.py`: where a function becomes active, and an update is in progress
* `lambda_seam.py`: where an invocation leaves MiniStack for our Lambda service
* `concurrency_seam.py`: where concurrency is reserved and provisioned
* `recursion_seam.py`: where an event comes from, and whether it has come too often
* `logging_config_seam.py`: where a function says how its log is written
* `logs_seam.py`: where log events go
* `filter_patterns_seam.py`: where a filter pattern for log events arrives
* `log_filters_seam.py`: where new log events meet metric filters and subscriptions
* `insights_seam.py`: where a query of CloudWatch Logs Insights arrives
* `metrics_seam.py`: where metrics go, and how CloudWatch's queries find them
* `alarms_seam.py`: where CloudWatch looks at its alarms
* `http_apis/`: where a request to an HTTP API arrives, and who answers it
* `rest_apis/`: where a request to a REST API leaves MiniStack, and what builds one
* `websocket_apis/`: where a client of a WebSocket API arrives
* `api_gateway_shared.py`, `function_invoker.py`: with what the kinds of API count, throttle and invoke
* `eventbridge_seam.py`: where a rule's event is delivered, or goes to a dead-letter queue
* `scheduler_seam.py`: where a schedule is made, and where it is due, or goes to a dead-letter queue
* `sns_seam.py`: where a message is delivered to a function or a queue, or to a dead-letter queue
* `dead_letter_queue.py`: where a service puts what it could not deliver
* `invoke_permission.py`: whether a service may invoke a function
* `function_url_seam.py`: where a request to a function URL arrives
* `event_source_seam.py`: where an event source mapping is made, and which ones are polled
* `stream_seam.py`, `stream_sources.py`: where streams are polled, and how far they have been read
* `bedrock_seam.py`: where a request of Bedrock leaves MiniStack for our models
* `dynamodb_seam.py`: where DynamoDB says what a read has consumed
* `knowledge_bases.py`: Knowledge Bases, put together of the seams `knowledge_base_*_seam.py`
* `vector_store_seam.py`: where a request of S3 Vectors arrives
* `service_roles.py`: what a service may do with the role that it was given
* `s3_seam.py`: where a bucket's notification is accepted and delivered
"""

from labsupport.localcloud.ministack.cloud import MiniStack, load
from labsupport.localcloud.ministack.seams import VERSION, prepare_environment

__all__ = ["VERSION", "MiniStack", "load", "prepare_environment"]
