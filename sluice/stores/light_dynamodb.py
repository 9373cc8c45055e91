"""DynamoDB's JSON protocol: what the stores call, with botocore's names, arguments and errors.

Bytes come back as base64 text, which `attributes.decode` reads.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from sluice.stores.signed_http import Answer, Request, SignedHTTP, open_signed, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = "application/x-amz-json-1.0"
_OK = 200

Found = dict[str, Any]


@dataclass(frozen=True)
class LightDynamoDB:
    """The operations that `Items` uses."""

    http: SignedHTTP

    def get_item(self, **arguments: Any) -> Found:
        return self._call("GetItem", arguments)

    def put_item(self, **arguments: Any) -> Found:
        return self._call("PutItem", arguments)

    def update_item(self, **arguments: Any) -> Found:
        return self._call("UpdateItem", arguments)

    def delete_item(self, **arguments: Any) -> Found:
        return self._call("DeleteItem", arguments)

    def query(self, **arguments: Any) -> Found:
        return self._call("Query", arguments)

    def batch_get_item(self, **arguments: Any) -> Found:
        return self._call("BatchGetItem", arguments)

    def batch_write_item(self, **arguments: Any) -> Found:
        return self._call("BatchWriteItem", arguments)

    def transact_write_items(self, **arguments: Any) -> Found:
        return self._call("TransactWriteItems", arguments)

    def close(self) -> None:
        self.http.close()

    def _call(self, operation: str, arguments: Mapping[str, Any]) -> Found:
        body = json.dumps(arguments, default=_bytes, separators=(",", ":")).encode()
        headers = {"content-type": _JSON, "x-amz-target": f"DynamoDB_20120810.{operation}"}
        found: Found = self.http.send(Request("POST", "/", headers, body), _understood(operation))
        return found


def open_dynamodb(**patience: Any) -> LightDynamoDB:
    """`patience`: connect_seconds, read_seconds and attempts of SignedHTTP."""
    return LightDynamoDB(open_signed("dynamodb", **patience))


def _bytes(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"cannot send {type(value).__name__} to DynamoDB")


def _understood(operation: str) -> Callable[[Answer], Found]:
    def understand(answer: Answer) -> Found:
        told = answer.headers.get("x-amz-crc32")
        if told and int(told) != zlib.crc32(answer.content):
            raise HTTPException("the answer was damaged on its way")
        if answer.status == _OK:
            found: Found = json.loads(answer.content)
            return found
        try:
            why: Found = json.loads(answer.content)
        except ValueError:
            why = {"__type": str(answer.status), "message": answer.content[:200].decode(errors="replace")}
        code = str(why.pop("__type", answer.status)).rpartition("#")[2]
        message = why.pop("message", None) or why.pop("Message", "")
        raise refusal(operation, answer.status, code, message, **why)

    return understand
