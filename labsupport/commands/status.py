"""Show where the cloud runs and what the lab has built in it.

Nothing is started: a local cloud that isn't running is reported as such, with exit code 0.

`--json` prints one object: target, running, url, account, region, owner, running_since (ISO 8601 in UTC),
resources, a list of objects with kind, name, arn, created and note, and progress, an object of numbers. What
isn't known is null. More keys may come; these stay.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from labsupport.localcloud import supervisor
from labsupport.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the status."""
    settings = Settings.from_environment()
    status = read_status(settings)
    status["progress"] = read_progress(settings)
    print(json.dumps(status, indent=2) if arguments.json else _as_text(status) + _progress_text(status))
    return 0


def read_progress(settings: Settings) -> dict[str, int]:
    """Return what the learner has passed so far, counted from the record."""
    from labsupport.learning import material, review
    from labsupport.learning.learner import course, progress_of
    from labsupport.learning.readiness import readiness

    events = progress_of(settings).events()
    tasks = readiness(course(), events)
    return {
        "questions_right": sum(task.questions_right for task in tasks),
        "questions": sum(task.questions for task in tasks),
        "questions_due": len(review.due(material.all_questions(), events)),
        "exercises_passed": sum(task.exercises_passed for task in tasks),
        "exercises": sum(task.exercises for task in tasks),
    }


def read_status(settings: Settings) -> dict[str, Any]:
    """Ask the cloud, if there is one, and return what `--json` prints."""
    record = supervisor.find(settings.home) if settings.target == "local" else None
    status: dict[str, Any] = {
        "target": settings.target,
        "running": settings.target == "aws" or record is not None,
        "url": None,
        "account": None,
        "region": settings.region,
        "owner": settings.owner,
        "running_since": None,
        "models": None,
        "resources": [],
    }
    if record is not None:
        health: dict[str, Any] = supervisor.ask_health(record.url) or {}
        if "started" in health:
            status["running_since"] = datetime.fromtimestamp(health["started"], UTC).isoformat(
                timespec="seconds"
            )
        status["models"] = _models(health)
    if status["running"]:
        status |= _ask(settings)
    return status


def _models(health: dict[str, Any]) -> str:
    """Say who answers behind Bedrock."""
    url, name = health.get("model_url"), health.get("model_name")
    models = f"{name or 'the default model'} at {url} (LAB_MODEL_URL)" if url else "stand-ins"
    is_semantic = health.get("embeddings") == "semantic"
    return f"{models}; embeddings with MiniLM (LAB_EMBEDDINGS)" if is_semantic else models


def _ask(settings: Settings) -> dict[str, Any]:
    from labsupport.inventory import inventory
    from labsupport.target import connect

    target = connect(settings)
    resources = [
        {
            "kind": resource.kind,
            "name": resource.name,
            "arn": resource.arn,
            "created": resource.created and resource.created.isoformat(),
            "note": resource.note,
        }
        for resource in inventory(target)
    ]
    return {
        "url": target.endpoint_url,
        "account": target.account,
        "region": target.region,
        "owner": target.owner,
        "resources": resources,
    }


def _as_text(status: dict[str, Any]) -> str:
    if not status["running"]:
        return "The local cloud is not running. `./lab open` starts it, and so does any notebook."
    where = f"local cloud at {status['url']}" if status["target"] == "local" else "AWS"
    since = f"\nRunning  since {_local_time(status['running_since'])}" if status["running_since"] else ""
    kinds = Counter(resource["kind"] for resource in status["resources"])
    models = f"\nModels     {status['models']}" if status["models"] else ""
    resources = ", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items())) or "none"
    return (
        f"Cloud      {where}{since}\n"
        f"Account    {status['account']}\n"
        f"Region     {status['region']}\n"
        f"Owner      {status['owner']}{models}\n"
        f"Resources  {resources}"
    )


def _progress_text(status: dict[str, Any]) -> str:
    found = status["progress"]
    return (
        f"\nProgress   {found['questions_right']} of {found['questions']} questions right, "
        f"{found['exercises_passed']} of {found['exercises']} exercises passed, "
        f"{found['questions_due']} questions due (`./lab progress` tells more)"
    )


def _local_time(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M")
