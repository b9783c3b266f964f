"""CloudWatch Logs Insights answers from Lambda's own lines, and refuses what it would answer wrongly.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AnalyzingLogData.html
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional


def start(lab: Lab, group: str, query: str, **more: Any) -> str:
    now = int(time.time())
    asked = lab.client("logs").start_query(
        logGroupName=group, startTime=now - 3600, endTime=now + 3600, queryString=query, **more
    )
    return str(asked["queryId"])


def answer(lab: Lab, group: str, query: str) -> list[dict[str, str]]:
    found = lab.client("logs").get_query_results(queryId=start(lab, group, query))
    assert found["status"] == "Complete"
    return [{each["field"]: each["value"] for each in row} for row in found["results"]]


def test_queries_find_lambdas_fields_and_those_of_json(lab: Lab) -> None:
    policy: Any = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    role = lab.deploy_role("teller", policy={"Version": "2012-10-17", "Statement": [policy]})
    says = "def handler(event, context):\n    print('{\"order\": %d}' % event['order'])\n"
    function = lab.deploy_function("teller", code=archive(app=says), handler="app.handler", role_arn=role)
    for order in (1, 2):
        lab.invoke("teller", {"order": order})
    lab.logs("teller", until='"order": 2')
    group = f"/aws/lambda/{function.name}"

    def reports() -> list[dict[str, str]]:
        return answer(
            lab, group, "filter @type = 'REPORT' | sort @timestamp | fields @initDuration, @duration"
        )

    lab.wait_until(lambda: len(reports()) == 2, doing="waiting for the second REPORT line")
    assert ["@initDuration" in row for row in reports()] == [True, False]
    assert answer(lab, group, "stats count(@duration) as n, sum(order) as orders") == [
        {"n": "2", "orders": "3"}
    ]
    [row] = answer(lab, group, "filter order = 2")
    assert (row["@message"].strip(), row["@ptr"] != "") == ('{"order": 2}', True)
    for refused in ("fields @message | dedup @message", "filter order = 2 |"):
        with pytest.raises(ClientError, match="MalformedQueryException"):
            start(lab, group, refused)
    with pytest.raises(ClientError, match="The language SQL is outside"):
        start(lab, group, "SELECT 1", queryLanguage="SQL")
