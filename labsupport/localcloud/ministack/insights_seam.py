"""Where CloudWatch Logs Insights takes a query: answered by `logs_insights`, or refused."""

from __future__ import annotations

import time
from typing import Any

from labsupport.localcloud.logs_insights import MalformedQuery, Query
from labsupport.localcloud.logs_insights.events import row
from labsupport.localcloud.ministack.seams import replace

LANGUAGE = "CWLI"


class InsightsSeam:
    """Insights' StartQuery. MiniStack keeps what it has found until somebody asks for it."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import cloudwatch_logs

        self._logs: Any = cloudwatch_logs
        self._responses: Any = responses

    def attach(self) -> None:
        """Stand in the place of MiniStack's queries."""
        replace(self._logs, "_start_query", lambda _original: self._start_query)

    def _start_query(self, data: dict[str, Any]) -> Any:
        groups = self._logs._resolve_query_log_groups(data)
        if not groups:
            message = "logGroupName, logGroupNames or logGroupIdentifiers is required"
            return self._refused("InvalidParameterException", message)
        if missing := [name for name in groups if name not in self._logs._log_groups]:
            message = f"Log group '{missing[0]}' does not exist"
            return self._refused("ResourceNotFoundException", message)
        try:
            if data.get("queryLanguage", LANGUAGE) != LANGUAGE:
                raise MalformedQuery.outside(f"The language {data['queryLanguage']}")
            query = Query(str(data.get("queryString", "")))
        except (MalformedQuery, RecursionError) as problem:
            return self._refused("MalformedQueryException", str(problem))
        return self._answered(data, query, groups)

    def _answered(self, data: dict[str, Any], query: Query, groups: list[str]) -> Any:
        start, end = data.get("startTime", 0), data.get("endTime", int(time.time()))
        account = self._responses.get_account_id()
        records = self._logs._collect_query_records(groups, start, end)
        rows = [
            row(
                record["@message"],
                timestamp_ms=record["_timestamp_ms"],
                stream=record["@logStream"],
                group=record["@log"],
                account=account,
                pointer=record["@ptr"],
            )
            for record in reversed(records)
        ]
        answer = query.run(rows, data.get("limit"))
        query_id = self._logs.new_uuid()
        self._logs._queries[query_id] = {
            "queryId": query_id,
            "logGroupName": data.get("logGroupName", ""),
            "logGroupNames": data.get("logGroupNames", []),
            "logGroupIdentifiers": data.get("logGroupIdentifiers", []),
            "startTime": start,
            "endTime": end,
            "queryString": data.get("queryString", ""),
            "status": "Complete",
            "results": [
                [{"field": name, "value": value} for name, value in found.items()] for found in answer.rows
            ],
            "statistics": {
                "recordsMatched": float(answer.matched),
                "recordsScanned": float(len(rows)),
                "bytesScanned": float(sum(len(record["@message"].encode()) for record in records)),
            },
        }
        return self._logs.json_response({"queryId": query_id})

    def _refused(self, code: str, message: str) -> Any:
        return self._logs.error_response_json(code, message, 400)
