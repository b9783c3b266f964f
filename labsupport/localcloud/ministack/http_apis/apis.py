"""HTTP APIs put together: what serves them, and the seams that it stands on."""

from __future__ import annotations

from labsupport.localcloud.api_gateway.http.reports import HttpReports
from labsupport.localcloud.gate import App
from labsupport.localcloud.ministack.api_gateway_shared import Shared
from labsupport.localcloud.ministack.http_apis.answering_seam import HttpAnsweringSeam
from labsupport.localcloud.ministack.http_apis.arrival_seam import HttpArrivalSeam
from labsupport.localcloud.ministack.http_apis.authorizers_seam import HttpAuthorizersSeam
from labsupport.localcloud.ministack.http_apis.deployments_seam import HttpDeploymentsSeam
from labsupport.localcloud.ministack.http_apis.iam_seam import HttpIamSeam
from labsupport.localcloud.ministack.http_apis.integrations_seam import HttpIntegrationsSeam
from labsupport.localcloud.ministack.http_apis.rules_seam import HttpRulesSeam


def serving_http_apis(app: App, shared: Shared) -> App:
    """Attach the seams, and return an application that serves HTTP APIs before `app`."""
    deployments, authorizers, iam = (
        HttpDeploymentsSeam(),
        HttpAuthorizersSeam(shared.integration),
        HttpIamSeam(),
    )
    for seam in (deployments, authorizers, iam, HttpRulesSeam()):
        seam.attach()
    integrations = HttpIntegrationsSeam(shared.integration)
    answering = HttpAnsweringSeam(authorizers, iam, integrations, shared.buckets)
    reports = HttpReports(shared.metrics, shared.write_event)
    return HttpArrivalSeam(deployments, answering, reports.report).before(app)
