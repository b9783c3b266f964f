"""MiniStack as the lab uses it: its application, its state, and our services behind its seams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labsupport.localcloud.api_gateway.metrics import ApiMetrics
from labsupport.localcloud.api_gateway.token_bucket import TokenBuckets
from labsupport.localcloud.api_gateway.websocket.limits import WebSocketLimits
from labsupport.localcloud.bedrock.metrics import BedrockMetrics
from labsupport.localcloud.bedrock.models import chat_models
from labsupport.localcloud.bedrock.quotas import Quotas
from labsupport.localcloud.bedrock.runtime import BedrockRuntime
from labsupport.localcloud.gate import App
from labsupport.localcloud.ministack import seams
from labsupport.localcloud.ministack.alarms_seam import AlarmsSeam
from labsupport.localcloud.ministack.api_gateway_shared import Shared
from labsupport.localcloud.ministack.bedrock_seam import BedrockSeam
from labsupport.localcloud.ministack.caller_seam import CallerSeam
from labsupport.localcloud.ministack.dynamodb_seam import DynamoDBSeam
from labsupport.localcloud.ministack.event_source_seam import EventSourceSeam
from labsupport.localcloud.ministack.eventbridge_seam import EventBridgeSeam
from labsupport.localcloud.ministack.filter_patterns_seam import FilterPatternsSeam
from labsupport.localcloud.ministack.function_invoker import FunctionInvoker
from labsupport.localcloud.ministack.function_url_seam import FunctionUrlSeam
from labsupport.localcloud.ministack.http_apis.apis import serving_http_apis
from labsupport.localcloud.ministack.iam_conditions_seam import IamConditionsSeam
from labsupport.localcloud.ministack.iam_seam import IamSeam
from labsupport.localcloud.ministack.iam_simulation_seam import IamSimulationSeam
from labsupport.localcloud.ministack.insights_seam import InsightsSeam
from labsupport.localcloud.ministack.knowledge_bases import attach_knowledge_bases
from labsupport.localcloud.ministack.lambda_seam import LambdaSeam
from labsupport.localcloud.ministack.log_filters_seam import LogFiltersSeam
from labsupport.localcloud.ministack.logging_config_seam import LoggingConfigSeam
from labsupport.localcloud.ministack.logs_seam import LogsSeam
from labsupport.localcloud.ministack.metrics_seam import MetricsSeam
from labsupport.localcloud.ministack.rest_apis.apis import RestApis
from labsupport.localcloud.ministack.s3_seam import S3Seam
from labsupport.localcloud.ministack.scheduler_seam import SchedulerSeam
from labsupport.localcloud.ministack.sns_seam import SnsSeam
from labsupport.localcloud.ministack.stream_seam import StreamSeam
from labsupport.localcloud.ministack.validation_seam import ValidationSeam
from labsupport.localcloud.ministack.websocket_apis.arrival_seam import WebSocketSeam
from labsupport.localcloud.models import embedding_choice
from labsupport.localcloud.options import CloudOptions
from labsupport.localcloud.record import RootKey
from labsupport.localcloud.vector_store.store import VectorStore

# Where the events of asynchronous invocations that are not done yet stand in the saved state.
PENDING_EVENTS = "lab.pending_events"
# Deployments of REST APIs, and what API keys have used of their quotas.
REST_APIS = "lab.rest_apis"
# S3 Vectors' buckets and indexes with their vectors.
VECTORS = "lab.vectors"


def load() -> MiniStack:
    """Import MiniStack, check that it fits, and return it. `seams.prepare_environment` comes first.

    Raises:
        CloudError: it doesn't fit.
    """
    seams.check()
    return MiniStack()


class MiniStack:
    """The control plane of the local cloud."""

    def __init__(self) -> None:
        """Take MiniStack's application."""
        import ministack.app

        self._app_module: Any = ministack.app
        self.app: App = ministack.app.app
        self.model_quotas = Quotas()
        self._vectors = VectorStore()

    def attach(
        self,
        directory: Path,
        *,
        endpoint_url: str,
        on_change: Callable[[], None],
        options: CloudOptions,
        root: RootKey,
        account: str,
    ) -> None:
        """Put our Lambda service, working below `directory`, and AWS's rules behind the seams.

        `root` is the access key of the root user of `account`.
        """
        callers = CallerSeam(root, account)
        callers.attach()
        self.links = callers.links
        metrics_seam, logs_seam = MetricsSeam(), LogsSeam()
        self._lambda = LambdaSeam(
            directory,
            endpoint_url=endpoint_url,
            write_log=logs_seam.write,
            metrics=metrics_seam.metrics,
            on_change=on_change,
            retry_seconds=options.retry_seconds,
            idle_seconds=options.idle_seconds,
        )
        metrics_seam.attach()
        AlarmsSeam().attach()
        LoggingConfigSeam().attach()
        LogFiltersSeam(metrics_seam.write).attach()
        FilterPatternsSeam().attach()
        InsightsSeam().attach()
        S3Seam().attach()
        DynamoDBSeam().attach()
        EventBridgeSeam(metrics_seam.write).attach()
        SchedulerSeam(metrics_seam.write, role_delay_seconds=options.role_delay_seconds).attach()
        SnsSeam(metrics_seam.write).attach()
        FunctionUrlSeam().attach()
        EventSourceSeam().attach()
        StreamSeam(endpoint_url).attach()
        embedding_choice.choose(options.embeddings)
        attach_knowledge_bases(self._vectors)
        ValidationSeam().attach()
        buckets, api_metrics = TokenBuckets(), ApiMetrics(metrics_seam.write)
        self._rest_apis = RestApis(api_metrics, logs_seam, buckets)
        self._rest_apis.attach()
        runtime = BedrockRuntime(
            chat_models(options.model_url, options.model_name),
            metrics=BedrockMetrics(metrics_seam.write),
            quotas=self.model_quotas,
        )
        BedrockSeam(runtime).attach()
        IamConditionsSeam().attach()
        IamSimulationSeam().attach()
        IamSeam(role_delay_seconds=options.role_delay_seconds).attach()  # who may not, is told nothing more
        shared = Shared(
            FunctionInvoker().integration,
            buckets,
            logs_seam.write_access_log,
            api_metrics,
        )
        self._websockets = WebSocketSeam(shared, WebSocketLimits())
        self._websockets.attach()
        self.app = serving_http_apis(self.app, shared)

    @property
    def sandbox_description(self) -> str:
        """Say in words what separates a function from this machine."""
        return self._lambda.service.sandbox_description

    def states(self) -> dict[str, Any]:
        """Return the state of every service that has been used, by MiniStack's own keys."""
        getters = self._app_module._build_persistence_save_dict()
        states = {key: get_state() for key, get_state in getters.items()}
        return {key: state for key, state in states.items() if state} | {
            PENDING_EVENTS: self._lambda.asynchronous.pending(),
            REST_APIS: self._rest_apis.state(),
            VECTORS: self._vectors.state(),
        }

    def restore(self, states: Mapping[str, Any]) -> None:
        """Give back what `states` returned in an earlier life. Call it after `attach`."""
        for key, module_name in self._app_module._state_map.items():
            if states.get(key):
                self._app_module._get_module(module_name).load_persisted_state(states[key])
        self._rest_apis.restore(states.get(REST_APIS, {}))
        if VECTORS in states:
            self._vectors.restore(states[VECTORS])
        self._lambda.resume(states.get(PENDING_EVENTS, []))

    def hang_up(self) -> None:
        """Close the connections of every WebSocket client. Call it on the server's event loop."""
        self._websockets.connections.close_all()

    def close(self) -> None:
        """End every execution environment."""
        self._lambda.close()
