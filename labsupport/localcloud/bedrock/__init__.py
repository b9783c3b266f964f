"""Amazon Bedrock in the local cloud: AWS's API over the stand-ins of `models/`.

How a request travels::

    MiniStack (who is it?) → ministack/bedrock_seam.py (may they? AWS's IAM action on the model's ARN)
        → runtime.py (which model, is the request well-formed, has the quota room?)
        → converse.py, nova.py, claude.py, titan.py (AWS's and the models' bodies ↔ models/chat.py)
        → a chat model: a stand-in, or an OpenAI-compatible server (openai_server.py, LAB_MODEL_URL)
        → event_stream.py (each event is sent when the model wrote it)

A lesson lowers a model's quota with PUT /_lab/model-quotas and {"modelId", "requestsPerMinute",
"tokensPerMinute"}; without numbers the usual quota is back.

`catalogue_api.py` is the control plane: which models and inference profiles there are.

Known cost: images, video, guardrails, batch inference, provisioned throughput and prompt caching are not
there. What asks for them is refused, and docs/fidelity.md says so.
"""
