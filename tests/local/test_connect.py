"""The first token of a deployment comes from AWS credentials alone."""

from __future__ import annotations

import httpx
import pytest
from typer.testing import CliRunner

from sluice.cli.app import app
from sluice.local.stack import StackStatus


def connect(stack: StackStatus, monkeypatch: pytest.MonkeyPatch, stage: str) -> tuple[int, dict[str, str]]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.aws_endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", stack.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", stack.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    done = CliRunner().invoke(app, ["connect", "--stage", stage, "--principal", "olga"])
    lines = (line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
    return done.exit_code, dict(lines)


def test_the_printed_token_administers(stack: StackStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    code, variables = connect(stack, monkeypatch, "dev")

    headers = {"authorization": f"Bearer {variables['SLUICE_TOKEN']}"}
    me = httpx.get(f"{stack.api_url}/sluice/v1/me", headers=headers).json()
    assert (code, me["principal"], me["roles"]) == (0, "olga", ["admin"])


def test_a_stage_that_is_not_there_is_no_token(stack: StackStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    code, variables = connect(stack, monkeypatch, "nowhere")

    assert code != 0
    assert not variables
