"""What the embedded AWS's deployer changes in a template, and the order of stacks."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from sluice.local.deploy import archive, stacks_in_order
from sluice.local.templates import allow_plain_http

TLS_ONLY = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Principal": "*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
LOGGING = {"Effect": "Allow", "Action": "s3:PutObject", "Principal": "*", "Resource": "*"}


def test_tls_only_statements_go_and_others_stay() -> None:
    template = _template(Policy=_bucket_policy(TLS_ONLY, LOGGING))

    changed = allow_plain_http(template)

    assert changed["Resources"]["Policy"] == _bucket_policy(LOGGING)


def test_a_policy_of_tls_only_statements_goes_and_nobody_waits_for_it() -> None:
    waiting = {"Type": "AWS::Lambda::Function", "Properties": {}, "DependsOn": ["Policy", "Role"]}
    template = _template(Policy=_bucket_policy(TLS_ONLY), Function=waiting)

    changed = allow_plain_http(template)

    assert changed["Resources"] == {"Function": {**waiting, "DependsOn": ["Role"]}}


def test_everything_else_is_untouched() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [TLS_ONLY]}}}
    template = {**_template(Role=role), "Outputs": {"A": {"Value": "b"}}, "Parameters": {}}

    assert allow_plain_http(template) == template


def test_a_stack_comes_after_those_it_needs(tmp_path: Path) -> None:
    artifacts = {
        "Api": _artifact("Api", "Data", "Training", "Api.assets"),
        "Training": _artifact("Training", "Data"),
        "Data": _artifact("Data"),
        "Api.assets": {"type": "cdk:asset-manifest"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))

    names = [stack.name for stack in stacks_in_order(tmp_path)]

    assert names == ["Data", "Training", "Api"]


def test_equal_folders_give_equal_archives(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        (tmp_path / folder / "inner" / "b.py").write_text("b = 1\n")
        (tmp_path / folder / "a.py").write_text("a = 1\n")

    first, second = archive(tmp_path / "one"), archive(tmp_path / "two")

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as opened:
        assert opened.namelist() == ["a.py", "inner/b.py"]


def _template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def _bucket_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": document}}


def _artifact(name: str, *needs: str) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "dependencies": list(needs),
        "properties": {"templateFile": f"{name}.template.json"},
    }
