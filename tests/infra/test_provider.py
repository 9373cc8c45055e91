"""What a stage that names an OpenID provider makes of the template: what the room reads, and a grant."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from functions.open_session.provider import read_provider
from infra.rooms import ROOMS
from infra.settings import Build
from infra.stacks.api import ApiStack
from infra.stages import GroupAccess, OpenId, stage_named

PARAMETER = "/sluice/dev/openid-secret"
ACCESS = (GroupAccess("risk", ("contributor",), ("credit",)), GroupAccess("*", ("viewer",)))


def deployed(folder: Path, provider: OpenId | None) -> tuple[dict[str, str], list[str]]:
    """The variables of the function that opens sessions, and the parameters that its role reads."""
    rooms = {room.name for room in ROOMS if room.stack == "Api"}
    for name in rooms | {layer for room in ROOMS for layer in room.layers}:
        (folder / name).mkdir(parents=True)
        (folder / name / "empty.py").touch()
    stage = replace(stage_named("dev"), openid=provider)
    template = Template.from_stack(ApiStack(App(), "Api", stage=stage, build=Build(folder, folder)))
    functions = template.find_resources("AWS::Lambda::Function")
    (properties,) = (
        one["Properties"] for one in functions.values() if "open_session" in str(one["Properties"]["Handler"])
    )
    role = properties["Role"]["Fn::GetAtt"][0]
    read = [
        str(statement["Resource"])
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ssm:GetParameter" in statement["Action"]
    ]
    variables: dict[str, Any] = properties["Environment"]["Variables"]
    return variables, read


def test_a_stages_provider_reaches_the_room_with_a_grant_for_its_secret_alone(tmp_path: Path) -> None:
    wanted = OpenId("https://login.example.com/realm", "sluice", ACCESS, PARAMETER, groups_claim="roles")
    variables, read = deployed(tmp_path, wanted)

    assert asdict(read_provider(variables["OPENID"])) == asdict(wanted)
    (parameter,) = read
    assert f"parameter{PARAMETER}" in parameter


def test_without_one_there_is_neither(tmp_path: Path) -> None:
    variables, read = deployed(tmp_path, None)

    assert "OPENID" not in variables
    assert read == []
