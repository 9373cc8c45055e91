"""The first of the two changes that synthesized templates go through before they reach the embedded AWS.

Statements that insist on TLS (`aws:SecureTransport`) are dropped, because it speaks plain HTTP on this
machine. The other change, layers built for this host, is made by synthesizing with `layers=host`.
"""

from collections.abc import Mapping
from typing import Any

POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")


def allow_plain_http(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without TLS-only statements; a resource policy left without any statement goes too."""
    kept: dict[str, Any] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] not in POLICIES:
            kept[name] = resource
        elif (policy := _without_tls_only(resource)) is not None:
            kept[name] = policy
    gone = set(template["Resources"]) - set(kept)
    return {
        **template,
        "Resources": {name: _independent_of(gone, resource) for name, resource in kept.items()},
    }


def _without_tls_only(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    document = resource["Properties"]["PolicyDocument"]
    statements = [statement for statement in document["Statement"] if not _is_tls_only(statement)]
    if not statements:
        return None
    properties = {**resource["Properties"], "PolicyDocument": {**document, "Statement": statements}}
    return {**resource, "Properties": properties}


def _is_tls_only(statement: Mapping[str, Any]) -> bool:
    conditions = statement.get("Condition", {}).values()
    return any("aws:SecureTransport" in condition for condition in conditions)


def _independent_of(gone: set[str], resource: Mapping[str, Any]) -> dict[str, Any]:
    needs = resource.get("DependsOn")
    if needs is None:
        return dict(resource)
    named = [needs] if isinstance(needs, str) else needs
    return {**resource, "DependsOn": [name for name in named if name not in gone]}
