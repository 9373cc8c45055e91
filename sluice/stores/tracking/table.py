"""The tracking table: what it needs beyond `Items` (ranges, batches, writes under a revision, tails)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sluice.domain.errors import Unavailable
from sluice.stores.items import ConditionFailed, Item, Items, Key, decode_item, encode_item

_BATCH = 25
_ATTEMPTS = 30
_T = TypeVar("_T")


@dataclass(frozen=True)
class Table(Items):
    """`pause` waits between attempts of contended writes (seconds)."""

    pause: Callable[[float], None] = time.sleep

    def milliseconds(self) -> int:
        return int(self.clock().timestamp() * 1000)

    def read(self, partition: str, prefix: str = "", *, to: str | None = None) -> Iterator[Item]:
        """Every item with the prefix, or from `prefix` to `to` inclusive, strongly consistent."""
        return self._pages("sk", partition, prefix, to, {})

    def read_since(self, partition: str, moment: str) -> Iterator[Item]:
        """Every item of the partition written at or after the moment, by the local index."""
        return self._pages("lsi1sk", partition, moment, "~", {"IndexName": "lsi1"})

    def _pages(
        self, sort: str, partition: str, begin: str, end: str | None, options: dict[str, Any]
    ) -> Iterator[Item]:
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if end is not None:
            condition += f" AND {sort} BETWEEN :begin AND :end"
            values |= {":begin": {"S": begin}, ":end": {"S": end}}
        elif begin:
            condition += f" AND begins_with({sort}, :begin)"
            values[":begin"] = {"S": begin}
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
            options = {**options, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

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
        requests = [
            {"PutRequest": {"Item": encode_item(self._stamped(item, self.new_id()))}} for item in items
        ]
        self._write_batches(requests)

    def delete_many(self, keys: Sequence[Key]) -> None:
        self._write_batches(
            [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in keys]
        )

    def _write_batches(self, requests: list[dict[str, Any]]) -> None:
        for attempt in range(_ATTEMPTS):
            left: list[dict[str, Any]] = []
            for begin in range(0, len(requests), _BATCH):
                batch = {self.table: requests[begin : begin + _BATCH]}
                answer = self._call_raw("batch_write_item", RequestItems=batch)
                left += answer.get("UnprocessedItems", {}).get(self.table, [])
            if not left:
                return
            requests = left
            self._wait(attempt)
        raise Unavailable("the table takes no more writes for now")

    def read_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Items by key, 100 a request; those that do not exist are left out."""
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, Item] = {}
        for attempt in range(_ATTEMPTS):
            for begin in range(0, len(wanted), 100):
                found |= self.get_many(wanted[begin : begin + 100])
            wanted, asked = [key for key in wanted if key not in found], len(wanted)
            if not wanted or len(wanted) == asked or attempt == _ATTEMPTS - 1:
                break
        return found

    def append(self, key: Key, name: str, values: Sequence[str], *, active: str) -> Item:
        """Add values to a list of an item whose lifecycle is `active`; gives the new item.

        Conflict (with the item found) when it is not. A repeated append adds twice: readers deduplicate.
        """
        now = self.now()
        answer = self._call(
            "update_item",
            Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            UpdateExpression="SET #list = list_append(#list, :new), updated_at = :now, lsi1sk = :now",
            ConditionExpression="lifecycle_stage = :active",
            ExpressionAttributeNames={"#list": name},
            ExpressionAttributeValues={
                ":new": {"L": [{"S": value} for value in values]},
                ":now": {"S": now},
                ":active": {"S": active},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return decode_item(answer["Attributes"])

    def trim(self, key: Key, name: str, count: int, *, seals: int) -> bool:
        """Remove the first values of a list, unless somebody else did since (`seals` counts)."""
        # From the end: the embedded AWS removes one after the other, so that later places would move.
        places = ", ".join(f"#list[{place}]" for place in reversed(range(count)))
        try:
            self._call(
                "update_item",
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                UpdateExpression=f"SET seals = :next REMOVE {places}",
                ConditionExpression="seals = :seals",
                ExpressionAttributeNames={"#list": name},
                ExpressionAttributeValues={":seals": {"N": str(seals)}, ":next": {"N": str(seals + 1)}},
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

    def deleting(self, key: Key) -> Item:
        return {
            "Delete": {
                "TableName": self.table,
                "Key": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        }

    def until_settled(self, attempt: Callable[[], _T], *, retry: tuple[type[Exception], ...]) -> _T:
        """The first result of `attempt` that no other writer spoiled; Unavailable after 30 tries."""
        for count in range(_ATTEMPTS):
            try:
                return attempt()
            except retry:
                self._wait(count)
        raise Unavailable("too many writers at once; try again")

    def _wait(self, attempt: int) -> None:
        self.pause(random.uniform(0, min(0.2, 0.005 * 2**attempt)))  # noqa: S311 - jitter, no secret
