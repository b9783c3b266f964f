"""Lambda's execution environments, without Docker and without root.

AWS's own runtime client (awslambdaric) runs the handler of a Python function, as it does on AWS, and talks
the documented Lambda Runtime API to this service. What surrounds it is ours, and so is the client of Node.js
functions:

* `service.py`: the entrance; invocations come from any thread
* `asynchronous.py`, `destinations.py`: events that nobody waits for: retries, records, where they go
* `pool.py`: one environment per simultaneous invocation, idle ones are used again
* `environment.py`: one environment's life: Init, Invoke, reset, end
* `runtime_api.py`, `peers.py`: the HTTP API that the runtime client talks to, and nobody else
* `runtime_process.py`, `process_group.py`: the runtime as processes: started, frozen, ended
* `governor.py`: memory and CPU share
* `sandbox.py`, `code_store.py`, `inside/`: what the function sees of the machine
* `runtimes/`: what runs it, by language, and what is installed for it (boto3, but not Pillow)
* `variables.py`: its environment variables
* `log_pipe.py`, `log_levels.py`: its output as log events, with their levels
* `platform_events.py`, `platform_lines.py`, `platform_json.py`: what Lambda adds, as text and as JSON
* `function_log.py`: both together, in the format that the function asks for
* `metrics.py`: what CloudWatch is told
* `guard.py`: no orphans after `kill -9`
* `host.py`: what differs between operating systems

Known cost: a cold start is a new Python process, 50 ms and more. A fork server would be faster, and would
hide what imports cost.
"""
