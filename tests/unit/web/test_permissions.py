"""Who may do what: the table, its page and its one enforcement."""

from pathlib import Path

import pytest

from functions.predict.routes import ROUTES as SCORING_ROUTES
from sluice.domain.errors import Forbidden
from sluice.web.caller import Caller
from sluice.web.permissions import ROLES, RULES, Rule, render_markdown, require


def caller(*roles: str, projects: str = "*") -> Caller:
    return Caller("default", "ada", frozenset(roles), frozenset(projects.split(",")), "t1")


def test_the_published_page_is_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "permissions.md"

    assert page.read_text() == render_markdown(), (
        "run: python -m sluice.web.permissions > docs/permissions.md"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.action)
def test_exactly_the_roles_of_a_rule_pass(rule: Rule) -> None:
    passed = set()
    for role in ROLES:
        try:
            require(caller(role), rule.action, "credit")
        except Forbidden:
            continue
        passed.add(role)

    expected = set(ROLES) if rule.scope == "open" else rule.roles
    assert passed == expected


def test_a_role_in_one_project_is_no_role_in_another() -> None:
    somebody = caller("contributor", projects="credit,marketing")

    require(somebody, "project.push", "marketing")
    with pytest.raises(Forbidden, match="not for project fraud"):
        require(somebody, "project.push", "fraud")


def test_an_admin_of_one_project_hands_out_no_tokens() -> None:
    with pytest.raises(Forbidden, match="all projects"):
        require(caller("admin", projects="credit"), "token.administer")


def test_the_platform_administrator_does_not_approve_models() -> None:
    with pytest.raises(Forbidden, match="approver"):
        require(caller("admin"), "promotion.decide", "credit")


def test_an_action_nobody_wrote_down_is_a_mistake_in_the_code() -> None:
    with pytest.raises(KeyError):
        require(caller("admin"), "project.obliterate")


def test_the_scoring_door_has_the_routes_of_the_table() -> None:
    in_table = {
        route
        for rule in RULES
        for route in rule.routes
        if route.partition(" ")[2].startswith(("/v2", "/endpoints/")) or route.endswith("/explanation")
    }

    assert {f"{method} /{path}" for method, path, _ in SCORING_ROUTES} == in_table


def test_every_route_belongs_to_one_action() -> None:
    routes = [route for rule in RULES for route in rule.routes]

    assert len(routes) == len(set(routes))
