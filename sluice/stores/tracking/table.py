"""The tracking table: what it needs beyond `Items` (batches, writes under a revision, maps, tails)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from sluice.domain.errors import Invalid, Unavailable
from sluice.stores.attributes import decode_item, encode, encode_item
from sluice.stores.items import ConditionFailed, Item, Items, Key

_WRITTEN_AT_ONCE = 25
_READ_AT_ONCE = 100
_ATTEMPTS = 30
_T = TypeVar("_T")

Path = tuple[str, ...]
"""An attribute, or an entry of a map: `("tags", "team")`."""


@dataclass(frozen=True)
class Table(Items):
    """`pause` waits between attempts of contended writes (seconds); `chance` draws from 0 to n - 1."""

    pause: Callable[[float], None] = time.sleep
    chance: Callable[[int], int] = random.randrange

    def milliseconds(self) -> int:
        return int(self.clock().timestamp() * 1000)

    def read(self, partition: str, prefix: str = "", *, since: str = "") -> Iterator[Item]:
        """Every item with the prefix, or from `since` on, strongly consistent, page by page."""
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if prefix or since:
            condition += " AND sk >= :sk" if since else " AND begins_with(sk, :sk)"
            values[":sk"] = {"S": since or prefix}
        options: dict[str, Any] = {}
        while True:
            answer = self._call(
                "query",
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                **options,
            )
            yield from (item for raw in answer["Items"] if (item := self._alive(raw)))
            if "LastEvaluatedKey" not in answer:
                return
            options = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def read_many(self, wanted: Iterable[Key]) -> dict[Key, Item]:
        """Items by key, 100 a request, strongly consistent; those that do not exist are left out."""
        left = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(wanted)]
        found: dict[Key, Item] = {}
        for attempt in range(_ATTEMPTS):
            asked, left = left, []
            for begin in range(0, len(asked), _READ_AT_ONCE):
                some = {"Keys": asked[begin : begin + _READ_AT_ONCE], "ConsistentRead": True}
                answer = self._call_raw("batch_get_item", RequestItems={self.table: some})
                alive = (self._alive(raw) for raw in answer["Responses"].get(self.table, []))
                found |= {(item["pk"], item["sk"]): item for item in alive if item}
                left += answer.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", [])
            if not left:
                return found
            self._wait(attempt)
        raise Unavailable("the table answers no more reads for now")

    def put_if(self, item: Item, rev: int) -> None:
        """Replace the item if its revision is still `rev` (0: if there is none). Conflict otherwise."""
        request_id = self.new_id()
        stamped = self._stamped({**item, "rev": rev + 1, "updated_at": self.now()}, request_id)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if rev:
            condition = {
                "ConditionExpression": "rev = :rev",
                "ExpressionAttributeValues": {":rev": {"N": str(rev)}},
            }
        try:
            self._call(
                "put_item",
                Item=encode_item(stamped),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ConditionFailed as failed:
            if not failed.is_own_write(request_id):
                raise

    def put_many(self, items: Sequence[Item]) -> None:
        """Write items whose content follows from their key, 25 a request."""
        self._write_batches(
            [{"PutRequest": {"Item": encode_item(self._stamped(item, self.new_id()))}} for item in items]
        )

    def delete_many(self, gone: Iterable[Key]) -> None:
        self._write_batches(
            [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in gone]
        )

    def edit(self, key: Key, sets: Mapping[Path, Any], removes: Sequence[Path] = (), **expected: str) -> Item:
        """Set and remove attributes and entries of maps of an existing item; gives the new item.

        Writers of different entries never undo each other. ConditionFailed (with the item as `found`) when
        it is not there, or its attributes are not as `expected`.
        """
        request_id = self.new_id()
        try:
            answer = self._call(
                "update_item",
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **self._edit({**sets, ("request_id",): request_id}, removes, expected),
            )
        except ConditionFailed as failed:
            if not failed.is_own_write(request_id):
                raise
            return failed.found or {}
        return decode_item(answer["Attributes"])

    def editing(self, key: Key, sets: Mapping[Path, Any], **expected: object) -> Item:
        """The same as one write of a transaction."""
        change = self._edit(sets, (), expected)
        return {
            "Update": {"TableName": self.table, "Key": {"pk": {"S": key[0]}, "sk": {"S": key[1]}}, **change}
        }

    def raise_to(self, key: Key, name: str, value: str, runs: int = 0) -> Item | None:
        """Set an attribute of an existing item, and count `runs` in, unless it is as great already; gives the
        item then.
        """
        rising = "(attribute_not_exists(#name) OR #name < :value)"
        return self._counted(
            key, runs, "SET #name = :value", rising, {"#name": name}, {":value": {"S": value}}
        )

    def count(self, key: Key, runs: int) -> Item | None:
        """Count so many into an item; gives it then, None where there is none."""
        return self._counted(key, runs, "", "", {}, {})

    def _counted(
        self, key: Key, runs: int, sets: str, condition: str, names: Item, values: Item
    ) -> Item | None:
        more: Item = {"ExpressionAttributeNames": names} if names else {}
        if counted := {":runs": {"N": str(runs)}} if runs else {}:
            sets += " ADD runs :runs"
        try:
            answer = self._call(
                "update_item",
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                UpdateExpression=sets,
                ConditionExpression=" AND ".join(filter(None, ["attribute_exists(pk)", condition])),
                ExpressionAttributeValues={**values, **counted},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **more,
            )
        except ConditionFailed as failed:
            return failed.found
        return decode_item(answer["Attributes"])

    def append(self, key: Key, name: str, values: Sequence[str], *, active: str) -> Item:
        """Add values to a list of an item whose lifecycle is `active`; gives the new item.

        Conflict (with the item found) when it is not. A repeated append adds twice: readers deduplicate.
        """
        answer = self._call(
            "update_item",
            Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            UpdateExpression="SET #list = list_append(#list, :new), updated_at = :now",
            ConditionExpression="lifecycle_stage = :active",
            ExpressionAttributeNames={"#list": name},
            ExpressionAttributeValues={
                ":new": {"L": [{"S": value} for value in values]},
                ":now": {"S": self.now()},
                ":active": {"S": active},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return decode_item(answer["Attributes"])

    def trim(self, key: Key, name: str, count: int, *, seals: int, packs: Sequence[int]) -> bool:
        """Remove the first values of a list, unless somebody else did since (`seals` counts).

        `packs` are the revisions of what has taken the values in.
        """
        # From the end: the embedded AWS removes one after the other, so that later places would move.
        places = ", ".join(f"#list[{place}]" for place in reversed(range(count)))
        try:
            self._call(
                "update_item",
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                UpdateExpression=f"SET seals = :next, packs = :packs REMOVE {places}",
                ConditionExpression="seals = :seals",
                ExpressionAttributeNames={"#list": name},
                ExpressionAttributeValues={
                    ":seals": {"N": str(seals)},
                    ":next": {"N": str(seals + 1)},
                    ":packs": encode(list(packs)),
                },
            )
        except ConditionFailed:
            return False
        return True

    def checking(self, key: Key, condition: str, **values: str) -> Item:
        """A condition on an item that is not written here; `values` fill the condition's `:names`."""
        check: Item = {
            "TableName": self.table,
            "Key": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            "ConditionExpression": condition,
        }
        if values:
            check["ExpressionAttributeValues"] = {f":{name}": {"S": value} for name, value in values.items()}
        return {"ConditionCheck": check}

    def clear(self, partition: str, prefix: str = "") -> Iterator[int]:
        """Delete a partition's items with the prefix; gives how many, batch by batch."""
        items = self.read(partition, prefix)
        while some := [(item["pk"], item["sk"]) for item in islice(items, _WRITTEN_AT_ONCE)]:
            self.delete_many(some)
            yield len(some)

    def until_settled(self, attempt: Callable[[], _T], *, retry: tuple[type[Exception], ...]) -> _T:
        """The first result of `attempt` that no other writer spoiled; Unavailable after 30 tries."""
        for count in range(_ATTEMPTS):
            try:
                return attempt()
            except retry:
                self._wait(count)
        raise Unavailable("too many writers at once; try again")

    def _edit(
        self, sets: Mapping[Path, Any], removes: Sequence[Path], expected: Mapping[str, object]
    ) -> dict[str, Any]:
        names: dict[str, str] = {}
        values: dict[str, Any] = {":now": {"S": self.now()}, ":one": {"N": "1"}}

        def place(path: Path) -> str:
            return ".".join(names.setdefault(part, f"#n{len(names)}") for part in path)

        assigned = []
        for number, (path, value) in enumerate(sets.items()):
            values[f":s{number}"] = encode(value)
            assigned.append(f"{place(path)} = :s{number}")
        conditions = ["attribute_exists(pk)"]
        for number, (name, value) in enumerate(expected.items()):
            values[f":e{number}"] = encode(value)
            conditions.append(f"{place((name,))} = :e{number}")
        update = "SET rev = rev + :one, updated_at = :now" + "".join(f", {one}" for one in assigned)
        if removes:
            update += " REMOVE " + ", ".join(map(place, removes))
        change = {
            "UpdateExpression": update,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeValues": values,
        }
        if not names:
            return change
        return {**change, "ExpressionAttributeNames": {alias: name for name, alias in names.items()}}

    def _write_batches(self, requests: list[dict[str, Any]]) -> None:
        for attempt in range(_ATTEMPTS):
            left: list[dict[str, Any]] = []
            for begin in range(0, len(requests), _WRITTEN_AT_ONCE):
                batch = {self.table: requests[begin : begin + _WRITTEN_AT_ONCE]}
                answer = self._call_raw("batch_write_item", RequestItems=batch)
                left += answer.get("UnprocessedItems", {}).get(self.table, [])
            if not left:
                return
            requests = left
            self._wait(attempt)
        raise Unavailable("the table takes no more writes for now")

    def _wait(self, attempt: int) -> None:
        self.pause(random.uniform(0, min(0.2, 0.005 * 2**attempt)))  # noqa: S311 - jitter, no secret

    def _call_raw(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return super()._call_raw(operation, **arguments)
        except ClientError as error:
            if "size" in str(error).lower() and "ValidationException" in str(error):
                raise Invalid("this has more tags and values than one item holds (400 KB)") from error
            raise
