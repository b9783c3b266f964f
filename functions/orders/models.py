"""What an order is, as pydantic models. openapi.json describes the API with the same models.

strict: "2" is not 2, and 1 is not true. extra="forbid": a name that is not here is a mistake.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from proxy import Refusal
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
MAX_ERRORS = 20
NEXT_STATUS = {
    "placed": ("paid", "cancelled"),
    "paid": ("shipped", "cancelled"),
    "shipped": (),
    "cancelled": (),
}
"""What an order can become. What is shipped or cancelled stays so."""


def amount(most: int) -> object:
    """Return the type of an amount of money: a Decimal from 0 to `most`, with two digits behind the point."""

    def read(value: object) -> Decimal:
        number = Decimal(value) if type(value) is int else value
        if not isinstance(number, Decimal):
            raise PydanticCustomError("amount", "Input should be a number")
        if not 0 <= number <= most:
            raise PydanticCustomError("amount", "Input should be from 0 to {most}", {"most": most})
        if number != number.quantize(CENT):
            raise PydanticCustomError("amount", "Input should have at most 2 digits behind the point")
        return number.quantize(CENT) + 0  # 7 and 7.00 are the same, and so are -0 and 0

    return Annotated[
        Decimal,
        BeforeValidator(read),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": most}),
    ]


Customer = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Status = Literal["placed", "paid", "shipped", "cancelled"]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Model(BaseModel):
    """What all of them have in common."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Item(Model):
    """One line of an order."""

    sku: Sku
    quantity: int = Field(ge=1, le=1000)
    unit_price: amount(100_000)


class NewOrder(Model):
    """What a client sends. All three currencies have cents."""

    customer: Customer
    items: list[Item] = Field(min_length=1, max_length=50)
    currency: Literal["EUR", "GBP", "USD"]
    note: str = Field(default="", max_length=500)


class Order(NewOrder):
    """What we keep and answer."""

    order_id: str
    status: Status
    version: int = Field(ge=1)
    total: amount(5_000_000_000)
    created_at: Time
    updated_at: Time

    @classmethod
    def place(cls, new: NewOrder, *, order_id: str, created_at: datetime) -> "Order":
        """Make an order of what a client sent."""
        time = created_at.isoformat(timespec="microseconds")
        return cls(
            **new.model_dump(),
            order_id=order_id,
            status="placed",
            version=1,
            total=sum(item.quantity * item.unit_price for item in new.items),
            created_at=time,
            updated_at=time,
        )


class StatusChange(Model):
    """What a client sends to move an order on."""

    status: Status

    def is_allowed_after(self, status: str) -> bool:
        """Tell whether an order with this status can become what the client wants."""
        return self.status in NEXT_STATUS[status]


class ListQuery(BaseModel):
    """The query string of GET /orders. All of it arrives as text."""

    customer: Customer
    limit: int = Field(default=20, ge=1, le=100)
    next: str | None = None


Checked = TypeVar("Checked", bound=BaseModel)


def check(model: type[Checked], data: object) -> Checked:
    """Return the data as a model.

    Raises:
        Refusal: 400, with the field and the reason of each error. The wrong value itself is not repeated.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        errors = [
            {"field": ".".join(map(str, each["loc"]))[:200], "reason": each["msg"]}
            for each in found[:MAX_ERRORS]
        ]
        raise Refusal(400, "The request is not valid.", errors) from None
