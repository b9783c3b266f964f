"""Who answers in the place of Bedrock's chat models: stand-ins, or the server that the learner named."""

from __future__ import annotations

import functools
from collections.abc import Callable

from labsupport.localcloud.bedrock.openai_server import OpenAIServer
from labsupport.localcloud.models.catalogue import ModelCard
from labsupport.localcloud.models.chat import ChatModel
from labsupport.localcloud.models.stand_in import StandIn


def chat_models(url: str | None, name: str | None) -> Callable[[ModelCard], ChatModel]:
    """Return what gives a model's stand-in, or for every model the server of `LAB_MODEL_URL`."""
    if url:
        server = OpenAIServer(url, name)
        return lambda _card: server
    return _stand_in


@functools.cache
def _stand_in(card: ModelCard) -> StandIn:
    return StandIn(temperature=card.temperature, top_p=card.top_p)
