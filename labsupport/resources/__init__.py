"""The AWS things that the lab builds, one module each.

Every function takes the target first and full names (`naming.resource_name`). `deploy_*` creates or updates
and may be called again; `describe_*` only reads; `delete_*` tolerates only "already gone", at each of its
steps alone: a step whose answer was lost is retried by the client and finds nothing any more, and then the
next one still has to be done. The same code runs on the local cloud and on AWS. The calls are marked as
plumbing on the tape.
"""
