"""Whom a stage lets be called reaches the function that calls, and only what it says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.settings import Build
from infra.stacks.batch import BatchStack
from infra.stages import stage_named


def callers(folder: Path, **settings: Any) -> dict[str, dict[str, str]]:
    """Variables of the Batch stack's functions by room, where they say whom to call."""
    for name in ("start_batch", "score_batch", "deliver_callback", "base", "onnx", "data"):
        (folder / name).mkdir(parents=True)
        (folder / name / "empty.py").touch()
    stack = BatchStack(
        App(), "Batch", stage=replace(stage_named("dev"), **settings), build=Build(folder, folder)
    )
    found = [
        each["Properties"]
        for each in Template.from_stack(stack).to_json()["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    ]
    named = {each["Handler"].split(".")[1]: each["Environment"]["Variables"] for each in found}
    return {room: names for room, names in named.items() if "CALLBACK" in json.dumps(names)}


@pytest.mark.long
def test_hosts_and_authority_of_the_stage_are_the_functions(tmp_path: Path) -> None:
    hosts = ("hooks.example.org", "*.example.net:8443")

    said = callers(tmp_path / "some", callback_hosts=hosts, callback_ca="PEM")

    assert callers(tmp_path / "none") == {}
    assert list(said) == ["deliver_callback"]
    assert said["deliver_callback"]["CALLBACK_HOSTS"] == ",".join(hosts)
    assert said["deliver_callback"]["CALLBACK_CA"] == "PEM"
    assert "CALLBACK_LOOPBACK" not in said["deliver_callback"]
