"""CloudWatch Logs Insights: the part of its query language that the local cloud answers.

What it knows, it answers as Insights does. What it doesn't know is refused with a sentence: a wrong number is
worse than none.

* `query.py`: the commands, one after the other
* `statistics.py`: the command `stats`
* `expressions.py`, `values.py`: what stands in a command
* `scanner.py`, `problem.py`: how a query is read, and what is wrong with it
* `events.py`: the fields of a log event

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AnalyzingLogData.html
"""

from labsupport.localcloud.logs_insights.problem import MalformedQuery
from labsupport.localcloud.logs_insights.query import Query

__all__ = ["MalformedQuery", "Query"]
