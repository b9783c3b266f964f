"""The inventory's part about what invokes or watches: schedules, rules, topics, alarms.

No notebook needs one of these to pass, but learners build them, and they go on invoking and costing.
"""

from __future__ import annotations

from collections.abc import Iterator

from labsupport.found import Resource, Search
from labsupport.resources.alarm import alarm_tags
from labsupport.resources.event_rule import rule_tags
from labsupport.resources.topic import topic_tags


def schedules(search: Search) -> Iterator[Resource]:
    """Yield the schedules of EventBridge Scheduler. They carry no tags: by name only."""
    for each in search.pages("scheduler", "list_schedules", "Schedules", NamePrefix=search.prefix):
        if search.is_ours(each["Name"]):
            name = f"{each['Name']}:{each['GroupName']}"
            yield search.found("schedule", name, each["Arn"], each["CreationDate"], each["State"])


def event_rules(search: Search) -> Iterator[Resource]:
    """Yield EventBridge's rules of the default event bus."""
    for rule in search.pages("events", "list_rules", "Rules", NamePrefix=search.prefix):
        name, arn = rule["Name"], rule["Arn"]
        if search.is_ours(name) and search.has_our_tags(name, tags := rule_tags(search.target, arn)):
            note = rule.get("ScheduleExpression") or "for events of a pattern"
            yield search.found("event rule", name, arn, note=note, tags=tags)


def topics(search: Search) -> Iterator[Resource]:
    """Yield SNS's topics."""
    for topic in search.pages("sns", "list_topics", "Topics"):
        name = topic["TopicArn"].rpartition(":")[2]
        if search.is_ours(name) and search.has_our_tags(name, tags := topic_tags(search.target, name)):
            yield search.found("topic", name, topic["TopicArn"], tags=tags)


def alarms(search: Search) -> Iterator[Resource]:
    """Yield CloudWatch's alarms, those of several alarms first: they watch the others."""
    which = {
        "AlarmNamePrefix": search.prefix,
        "AlarmTypes": ["CompositeAlarm", "MetricAlarm"],  # without it, CloudWatch lists no composite ones
    }
    for page in search.target.client("cloudwatch").get_paginator("describe_alarms").paginate(**which):
        for alarm in [*page.get("CompositeAlarms", []), *page.get("MetricAlarms", [])]:
            name, arn = alarm["AlarmName"], alarm["AlarmArn"]
            if search.is_ours(name) and search.has_our_tags(name, tags := alarm_tags(search.target, arn)):
                changed, note = alarm["AlarmConfigurationUpdatedTimestamp"], "charged by the month"
                yield search.found("alarm", name, arn, changed, note, tags=tags)
