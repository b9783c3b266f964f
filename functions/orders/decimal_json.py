"""JSON with exact amounts.

A float can't hold 0.1 exactly: 0.1 + 0.2 is 0.30000000000000004. So numbers with a point become Decimal.
In boto3, DynamoDB's Number is a Decimal as well; it refuses floats.
"""

import json
from decimal import Decimal, InvalidOperation

LONGEST_INTEGER = 38  # digits, as DynamoDB's Number


def read_json(body: bytes) -> object:
    """Return the data in a body.

    Raises:
        ValueError: it is not JSON in UTF-8, or it is JSON that two readers would read differently: NaN, a
            name twice in an object, thousands of brackets, numbers with thousands of digits.
    """
    try:
        return json.loads(
            body.decode(),
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_once_each,
        )
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except InvalidOperation:  # such as 1e9999999999999999999
        raise ValueError("a number is too long") from None


def write_json(data: object) -> str:
    """Return data as JSON. The same data gives the same text."""
    return json.dumps(data, default=_number, sort_keys=True)


def _number(value: object) -> int | float:
    """Return a Decimal as a number that is written with the same digits.

    A float keeps 15 digits; the largest total here has 12.
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return int(value) if value == value.to_integral_value() else float(value)


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("a number is too long")
    return int(digits)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice in one object")
    return found
