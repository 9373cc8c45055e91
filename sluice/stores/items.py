"""One DynamoDB table as the stores see it: items are dicts, writes are conditional, pages are pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from sluice.domain.clock import Clock, format_time, system_clock
from sluice.domain.errors import Conflict, Unavailable
from sluice.domain.ids import NewId, new_id
from sluice.stores.attributes import decode_item, encode, encode_item
from sluice.stores.expressions import Expression, condition_of, index_names, key_of, update_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Item = dict[str, Any]
Key = tuple[str, str]

_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one query page and where the next begins (None at the end)."""

    items: list[Item]
    next_key: dict[str, str] | None


@dataclass(frozen=True)
class Items:
    """A table with `pk` and `sk`; `clock` and `new_id` stamp what is written."""

    client: DynamoDBClient
    table: str
    clock: Clock = system_clock
    new_id: NewId = new_id

    def now(self) -> str:
        return format_time(self.clock())

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """The item, or None where there is none or it has expired."""
        answer = self._call("get_item", Key=key_of(key), ConsistentRead=consistent)
        return self._alive(answer.get("Item"))

    def get_many(self, keys: Sequence[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Up to 100 items in one request; those that do not exist are left out."""
        if not keys:
            return {}
        request = {self.table: {"Keys": [key_of(key) for key in keys], "ConsistentRead": consistent}}
        answer = self._call_raw("batch_get_item", RequestItems=request)
        if answer.get("UnprocessedKeys"):
            raise Unavailable("the table answered only a part of what was asked")
        found = (self._alive(raw) for raw in answer["Responses"].get(self.table, []))
        return {(item["pk"], item["sk"]): item for item in found if item}

    def put(self, item: Item) -> None:
        """Write unconditionally: only for items whose content follows from their key."""
        self._call("put_item", Item=encode_item(self._stamped(item, self.new_id())))

    def put_new(self, item: Item) -> bool:
        """Write an item that must not exist; False when it does. A retry after a lost answer is True."""
        request_id = self.new_id()
        try:
            self._call(
                "put_item",
                Item=encode_item(self._stamped(item, request_id)),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failed:
            return failed.is_own_write(request_id)
        return True

    def update(
        self,
        key: Key,
        changes: Mapping[str, Any],
        *,
        expected: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
    ) -> Item:
        """Set and remove attributes of an existing item whose attributes are as `expected`.

        An expected value may be a tuple (any of these) or None (absent). Gives the new item; raises
        Conflict when the item is not there or not as expected.
        """
        request_id = self.new_id()
        try:
            answer = self._call(
                "update_item",
                Key=key_of(key),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **self._update_of(changes, expected, remove, request_id),
            )
        except ConditionFailed as failed:
            if failed.is_own_write(request_id):
                return failed.found or {}
            raise
        return decode_item(answer["Attributes"])

    def delete(self, key: Key, *, expected: Mapping[str, Any]) -> bool:
        """Delete an item that is as `expected`; False where it is not, or is gone already."""
        try:
            self._call("delete_item", Key=key_of(key), **condition_of(expected))
        except ConditionFailed:
            return False
        return True

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        since: str = "",
        index: str | None = None,
        limit: int = 100,
        start: Mapping[str, str] | None = None,
        descending: bool = False,
    ) -> Page:
        """One page of a partition (of an index), sorted by its sort key, expired items left out.

        Strongly consistent but for global indexes: what was written just now is in it.

        `prefix` or `since` narrow it to sort keys that begin so, or that are not less.
        """
        names = index_names(index)
        condition, values = f"{names[0]} = :pk", {":pk": {"S": partition}}
        if prefix or since:
            condition += f" AND begins_with({names[1]}, :sk)" if prefix else f" AND {names[1]} >= :sk"
            values[":sk"] = {"S": prefix or since}
        optional: dict[str, Any] = {}
        if index:
            optional["IndexName"] = index
        if start:
            optional["ExclusiveStartKey"] = {name: {"S": value} for name, value in start.items()}
        answer = self._call(
            "query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=not (index or "").startswith("gsi"),
            Limit=limit,
            ScanIndexForward=not descending,
            **optional,
        )
        items = [item for raw in answer["Items"] if (item := self._alive(raw))]
        last = answer.get("LastEvaluatedKey")
        return Page(items, {name: value["S"] for name, value in last.items()} if last else None)

    def query_all(
        self, partition: str, *, prefix: str = "", since: str = "", index: str | None = None
    ) -> list[Item]:
        """Every item that `query` would page through; for partitions known to be small."""
        items: list[Item] = []
        start: Mapping[str, str] | None = None
        while True:
            page = self.query(partition, prefix=prefix, since=since, index=index, start=start, limit=1000)
            items += page.items
            if not (start := page.next_key):
                return items

    def transact(self, writes: Sequence[Mapping[str, Any]], *, token: str) -> None:
        """All writes or none, made by the builders below; Conflict says which condition failed."""
        self._call_raw("transact_write_items", TransactItems=list(writes), ClientRequestToken=token[:36])

    def putting(
        self, item: Item, *, condition: str | None = "attribute_not_exists(pk)", **values: Any
    ) -> Item:
        """A put for `transact`; `values` fill the condition's `:names`."""
        put: Item = {"TableName": self.table, "Item": encode_item(self._stamped(item, self.new_id()))}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = {f":{name}": encode(value) for name, value in values.items()}
        return {"Put": put}

    def updating(
        self,
        key: Key,
        changes: Mapping[str, Any],
        *,
        expected: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
    ) -> Item:
        """An update for `transact`, with the meaning of `update`."""
        expression = self._update_of(changes, expected, remove, self.new_id())
        return {"Update": {"TableName": self.table, "Key": key_of(key), **expression}}

    def deleting(self, key: Key, *, expected: Mapping[str, Any] | None = None) -> Item:
        """A deletion for `transact`, of an item that exists and is as `expected`."""
        condition = condition_of(expected) if expected else {"ConditionExpression": "attribute_exists(pk)"}
        return {"Delete": {"TableName": self.table, "Key": key_of(key), **condition}}

    def _stamped(self, item: Item, request_id: str) -> Item:
        now = self.now()
        return {"v": 1, "rev": 1, "created_at": now, "updated_at": now, **item, "request_id": request_id}

    def _update_of(
        self,
        changes: Mapping[str, Any],
        expected: Mapping[str, Any] | None,
        remove: Sequence[str],
        request_id: str,
    ) -> Expression:
        stamped = {**changes, "updated_at": self.now(), "request_id": request_id}
        return update_of(stamped, expected or {}, remove)

    def _alive(self, raw: Mapping[str, Any] | None) -> Item | None:
        if raw is None:
            return None
        item = decode_item(raw)
        expires = item.get("expires_at")
        return None if expires is not None and expires <= self.clock().timestamp() else item

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._call_raw(operation, TableName=self.table, **arguments)

    def _call_raw(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**arguments)
        except ClientError as error:
            raise _translated(error) from error
        return answer


class ConditionFailed(Conflict):
    """A write's condition did not hold; `found` is the item as it stands (None where unknown)."""

    def __init__(self, message: str, found: Item | None = None) -> None:
        super().__init__(message)
        self.found = found

    def is_own_write(self, request_id: str) -> bool:
        return bool(self.found) and (self.found or {}).get("request_id") == request_id


def _translated(error: ClientError) -> Exception:
    response = cast("Mapping[str, Any]", error.response)
    code = response.get("Error", {}).get("Code", "")
    if code == "ConditionalCheckFailedException":
        found = response.get("Item")
        return ConditionFailed("the item is not in the expected state", decode_item(found) if found else None)
    if code == "TransactionCanceledException":
        return _translated_transaction(error)
    if code == "IdempotentParameterMismatchException":
        return TransactionRefused(())  # this token has written before, at another time
    return Unavailable(code) if code in _THROTTLES else error


def _translated_transaction(error: ClientError) -> Exception:
    reasons = cast("Mapping[str, Any]", error.response).get("CancellationReasons", [])
    codes = [str(reason.get("Code", "None")) for reason in reasons]
    if not {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}.isdisjoint(codes):
        return Unavailable("another transaction touched the same items")
    if "ConditionalCheckFailed" in codes:
        return TransactionRefused(
            tuple(place for place, code in enumerate(codes) if code == "ConditionalCheckFailed")
        )
    return error


class TransactionRefused(Conflict):
    """Conditions of these writes (by position) did not hold; nothing was written."""

    def __init__(self, positions: tuple[int, ...]) -> None:
        super().__init__("the items are not in the expected state")
        self.positions = positions
