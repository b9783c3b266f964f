"""The embedded AWS: one server process on a loopback port, with MiniStack as its control plane.

Nothing in here knows the rest of labsupport (but for its error class), and the rest of labsupport
reaches it over HTTP only, as it would reach AWS.

How a request travels::

    boto3 → gate.py (this machine's names and pages only, admin endpoints shut)
          → MiniStack's ASGI app (IAM, S3, DynamoDB, Lambda's control plane ...)
          → ministack/ (the seams: rules/ refuse what AWS refuses, and one invocation leaves MiniStack here)
          → lambda_service/ (execution environments around AWS's own runtime client)

Files of one lab, all below its home (`.lab` by default): `cloud.json` says where the cloud listens and with
which keys (`account` and `secret` keep them), `cloud.log` is its log, `state/` is what it remembers, `work/`
is scratch space of the running server.

Known cost: one process does everything, so a burst of invocations shares two or four cores with the
control plane. A learner's laptop is the unit of scale; what outgrows it belongs on AWS.
"""
