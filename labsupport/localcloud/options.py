"""How a local cloud behaves where the learner may choose: read from the environment when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from labsupport.localcloud.lambda_service.asynchronous import AWS_RETRY_SECONDS, LAB_RETRY_SECONDS
from labsupport.localcloud.lambda_service.service import IDLE_SECONDS
from labsupport.localcloud.models import embedding_choice, semantic


@dataclass(frozen=True)
class CloudOptions:
    """What the variables of the environment say.

    Attributes:
        idle_seconds: how long an execution environment may be idle.
        retry_seconds: how long Lambda waits before each retry of an asynchronous event.
        role_delay_seconds: how long nobody but IAM knows of a new role.
        model_url: the API of an OpenAI-compatible server that answers in the place of the stand-in models.
        model_name: the server's model; None leaves it to the server.
        embeddings: "stand-in", or "semantic" with MiniLM of the extra of that name.
    """

    idle_seconds: float = IDLE_SECONDS
    retry_seconds: tuple[float, ...] = LAB_RETRY_SECONDS
    role_delay_seconds: float = 0.0
    model_url: str | None = None
    model_name: str | None = None
    embeddings: str = "stand-in"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> CloudOptions:
        """Read the variables.

        Raises:
            ValueError: one of them can't be used; the message says which, and what it must be.
        """
        idle_seconds = _seconds(environ, "LAB_IDLE_SECONDS", IDLE_SECONDS)
        if not idle_seconds:
            raise _unusable(environ, "LAB_IDLE_SECONDS")
        return cls(
            idle_seconds=idle_seconds,
            retry_seconds=AWS_RETRY_SECONDS
            if environ.get("LAB_RETRY_INTERVALS") == "aws"
            else LAB_RETRY_SECONDS,
            role_delay_seconds=_seconds(environ, "LAB_ROLE_DELAY_SECONDS", 0.0),
            model_url=_url(environ, "LAB_MODEL_URL"),
            model_name=environ.get("LAB_MODEL_NAME", "").strip() or None,
            embeddings=_embeddings(environ),
        )


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(environ.get(name) or default)
    except ValueError:
        raise _unusable(environ, name) from None
    if not 0 <= seconds < float("inf"):
        raise _unusable(environ, name)
    return seconds


def _url(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "").strip()
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise ValueError(f"{name} is {value!r}. It must be an address such as http://127.0.0.1:11434/v1.")
    return value or None


def _embeddings(environ: Mapping[str, str]) -> str:
    value = environ.get("LAB_EMBEDDINGS", "").strip() or CloudOptions.embeddings
    if value not in embedding_choice.CHOICES:
        raise ValueError(
            f"LAB_EMBEDDINGS is {value!r}. It must be one of {', '.join(embedding_choice.CHOICES)}."
        )
    if value == "semantic" and (message := semantic.problem()):
        raise ValueError(message)
    return value


def _unusable(environ: Mapping[str, str], name: str) -> ValueError:
    return ValueError(f"{name} is {environ[name]!r}. It must be a number of seconds, such as 5.")
