"""Where a registered model goes, who says yes, and how traffic moves."""

from typing import Literal

from pydantic import Field

from sluice.project.section import Name, Section

Approval = Literal["auto", "one", "four_eyes"]
Strategy = Literal["all_at_once", "blue_green", "canary", "linear", "shadow"]
EligibleOutcome = Literal["first", "better", "non_inferior", "inconclusive"]

#: The others are reserved words of the contract; a rollout that is not executed is refused, not ignored.
EXECUTED_STRATEGIES: tuple[Strategy, ...] = ("all_at_once",)


class Environment(Section):
    """A place where a model serves."""

    name: Name
    """Part of addresses: /v2/models/{project}.{environment}/infer. edge is taken: by exported bundles."""
    approval: Approval = "one"
    """auto: nobody is asked; one: an approver; four_eyes: an approver who did not ask for it."""
    expires_hours: float = Field(default=72, gt=0, le=8760)
    """An approval nobody gave by then ends the promotion."""


class Promotion(Section):
    """Environments in order; the last one is production."""

    environments: tuple[Environment, ...] = (
        Environment(name="staging", approval="auto"),
        Environment(name="production", approval="one"),
    )
    """staging without approval, then production with one, unless said otherwise."""
    strategy: Strategy = "all_at_once"
    """How traffic moves. This release executes all_at_once and refuses the others."""
    automatic_outcomes: tuple[EligibleOutcome, ...] = ()
    """Evaluation outcomes that need no approval anywhere; none by default."""

    def environment(self, name: str) -> Environment:
        """The environment of that name. KeyError when the project has none."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        raise KeyError(name)
