"""The errors of Bedrock's runtime, as AWS names them.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from __future__ import annotations

STATUS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ThrottlingException": 429,
    "InternalServerException": 500,
}
INVALID_MODEL = "The provided model identifier is invalid."
END_OF_LIFE = (
    "This model version has reached the end of its life. Please refer to the AWS documentation for "
    "more details."
)
LEGACY = (
    "Access denied. This Model is marked by provider as Legacy and you have not been actively using the "
    "model in the last 15 days. Please upgrade to an active model on Amazon Bedrock"
)


class BedrockError(Exception):
    """A request is refused, or its model failed."""

    def __init__(self, code: str, message: str) -> None:
        """Keep AWS's code and the message."""
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return STATUS[self.code]


def invalid(message: str) -> BedrockError:
    """Return the refusal of a request that the caller must change."""
    return BedrockError("ValidationException", message)


def from_the_model(message: str) -> BedrockError:
    """Return the refusal of a request that the model's own API refuses."""
    return invalid(f"The model returned the following errors: {message}")
