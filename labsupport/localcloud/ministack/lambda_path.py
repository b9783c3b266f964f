"""A path of the Lambda API in which MiniStack's router finds only what the operation is about.

The router looks for words such as "/url" anywhere in a path, so that `.../policy/url-for-all` and everything
about a function called url-shortener were taken for function URLs.
"""

from __future__ import annotations

from urllib.parse import unquote

from labsupport.localcloud.lambda_api import ApiCall


class LambdaPath(str):
    """A request's path, whose words are those of the operation's path in AWS's model."""

    _words: str

    @classmethod
    def of(cls, call: ApiCall, path: str) -> LambdaPath:
        """Return the path of a call."""
        # MiniStack decodes paths, but asks this one whether there is anything to decode.
        found = cls(unquote(path))
        found._words = call.operation.http["requestUri"]
        return found

    def __contains__(self, words: object) -> bool:
        """Tell whether the operation's path has these words, whatever its names are."""
        return isinstance(words, str) and words in self._words
