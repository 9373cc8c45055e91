"""DynamoDB's expressions: keys, conditions and updates as its requests spell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.stores.attributes import encode

Expression = dict[str, Any]


def key_of(key: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def index_names(index: str | None) -> tuple[str, str]:
    if index is None:
        return "pk", "sk"
    return ("pk", f"{index}sk") if index.startswith("lsi") else (f"{index}pk", f"{index}sk")


def update_of(changes: Mapping[str, Any], expected: Mapping[str, Any], remove: Sequence[str]) -> Expression:
    """Set, remove and count the revision of an item that exists and is as `expected`."""
    names = {"#rev": "rev"}
    values: dict[str, Any] = {":one": {"N": "1"}}
    sets = ["#rev = #rev + :one"]
    for position, (name, value) in enumerate(changes.items()):
        names[f"#s{position}"] = name
        values[f":s{position}"] = encode(value)
        sets.append(f"#s{position} = :s{position}")
    removes = [f"#r{position}" for position, _ in enumerate(remove)]
    names |= {f"#r{position}": name for position, name in enumerate(remove)}
    conditions = ["attribute_exists(pk)", *_conditions(expected, names, values)]
    update = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(removes) if removes else "")
    return {
        "UpdateExpression": update,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def condition_of(expected: Mapping[str, Any]) -> Expression:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    condition = " AND ".join(_conditions(expected, names, values))
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _conditions(expected: Mapping[str, Any], names: dict[str, str], values: dict[str, Any]) -> list[str]:
    conditions: list[str] = []
    for position, (name, value) in enumerate(expected.items()):
        names[f"#e{position}"] = name
        if value is None:
            conditions.append(f"attribute_not_exists(#e{position})")
            continue
        options = value if isinstance(value, tuple) else (value,)
        places = [f":e{position}x{number}" for number, _ in enumerate(options)]
        values |= dict(zip(places, map(encode, options), strict=True))
        conditions.append(f"#e{position} IN ({', '.join(places)})")
    return conditions
