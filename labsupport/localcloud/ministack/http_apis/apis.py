"""HTTP APIs put together: what serves them, and the seams that it stands on."""

from __future__ import annotations

from labsupport.localcloud.api_gateway.http.reports import HttpReports
from labsupport.localcloud.gate import App
from labsupport.localcloud.ministack.api_gateway_shared import Shared
from labsupport.localcloud.ministack.http_apis.arrival_seam import HttpApiSeam
from labsupport.localcloud.ministack.http_apis.authorizers_seam import HttpAuthorizersSeam
from labsupport.localcloud.ministack.http_apis.deployments_seam import HttpDeploymentsSeam
from labsupport.localcloud.ministack.http_apis.integrations_seam import HttpIntegrationsSeam
from labsupport.localcloud.ministack.http_apis.rules_seam import HttpRulesSeam


def serving_http_apis(app: App, shared: Shared) -> App:
    """Attach the seams, and return an application that serves HTTP APIs before `app`."""
    deployments, authorizers = HttpDeploymentsSeam(), HttpAuthorizersSeam(shared.integration)
    integrations = HttpIntegrationsSeam(shared.integration)
    reports = HttpReports(shared.metrics, shared.write_event)
    http_apis = HttpApiSeam(deployments, authorizers, integrations, shared.buckets, reports.report)
    for seam in (deployments, authorizers, http_apis, HttpRulesSeam()):
        seam.attach()
    return http_apis.before(app)
