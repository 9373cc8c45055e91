"""State machines of one kind: a row of steps, whose outcomes either go on or go to the conclusion.

State carries ids only: every step gets the execution's own input, whatever the steps before it answered.
Expected failures are outcomes; what nobody foresaw is caught and concluded with an `error`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.stages import Stage

# Faults of the service, not of the function: worth another attempt.
TRANSIENT = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]


@dataclass(frozen=True)
class Step:
    """One state: the function it invokes, its payload, and where an outcome leads.

    `go_on` are the outcomes that lead to the next step, `jumps` lead to a step by name; all others conclude.
    `waits_at` is the path of the seconds that a step waits for an answer by task token.
    """

    name: str
    function: lambda_.IFunction
    payload: Mapping[str, object]
    go_on: tuple[str, ...]
    jumps: Mapping[str, str]
    waits_at: str | None = None


@dataclass(frozen=True)
class FanOut:
    """One state that invokes its function for each item of a JSON list in S3, as a Distributed Map.

    `items_at` is the path of the list's key. Items come as `item_name` beside the payload. There is no
    outcome to choose by: the next step finds in the store what came of the items.
    """

    name: str
    function: lambda_.IFunction
    payload: Mapping[str, object]
    bucket: str
    items_at: str
    item_name: str
    concurrency: int


@dataclass(frozen=True)
class Persistent:
    """What may follow the conclusion: a state that is entered anew, after the `seconds` that it gives, for as
    long as its outcome is `again`.
    """

    name: str
    function: lambda_.IFunction
    payload: Mapping[str, object]


@dataclass(frozen=True)
class Conclusion:
    """The last state, entered from every way out; after a fault its payload has an `error`.

    The outcome that names `then` leads there.
    """

    name: str
    function: lambda_.IFunction
    payload: Mapping[str, object]
    then: Persistent | None = None


def execution_ids(*names: str) -> dict[str, object]:
    """Payload fields taken from the execution's input."""
    return {name: sfn.JsonPath.string_at(f"$$.Execution.Input.{name}") for name in names}


class Workflow(Construct):
    """A Standard state machine over `steps`, logged and traced."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage: Stage,
        steps: Sequence[Step | FanOut],
        end: Conclusion,
    ) -> None:
        super().__init__(scope, construct_id)
        done = _invoke(self, end.name, end.function, end.payload)
        failed = _invoke(
            self,
            f"{end.name}_after_error",
            end.function,
            {**end.payload, "error": sfn.JsonPath.object_at("$.error")},
        )
        if end.then:
            _persist(self, end.then, done, failed)
        states = {step.name: self._state(step, failed) for step in steps}
        for number, step in enumerate(steps):
            following = states[steps[number + 1].name] if number + 1 < len(steps) else done
            chosen = following if isinstance(step, FanOut) else _choice(self, step, states, following, done)
            states[step.name].next(chosen)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            # A name, because the last step starts the next execution: by reference that would be a circle.
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(states[steps[0].name]),
            timeout=Duration.days(60),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self, "Logs", retention=stage.log_retention, removal_policy=RemovalPolicy.DESTROY
                ),
                level=sfn.LogLevel.ALL,
            ),
        )

    def _state(
        self, step: Step | FanOut, failed: tasks.LambdaInvoke
    ) -> tasks.LambdaInvoke | sfn.DistributedMap:
        if isinstance(step, FanOut):
            return _fan_out(self, step).add_catch(failed, errors=["States.ALL"], result_path="$.error")
        state = _invoke(self, step.name, step.function, step.payload, step.waits_at)
        state.add_catch(failed, errors=["States.ALL"], result_path="$.error")
        return state


def _choice(
    scope: Construct,
    step: Step,
    states: Mapping[str, sfn.IChainable],
    following: sfn.IChainable,
    done: sfn.IChainable,
) -> sfn.Choice:
    outcome = "$.last.outcome" if step.waits_at else "$.last.Payload.outcome"
    choice = sfn.Choice(scope, f"after_{step.name}")
    ways = [(following, step.go_on), *((states[to], (o,)) for o, to in step.jumps.items())]
    for target, outcomes in ((to, found) for to, found in ways if found):
        choice.when(sfn.Condition.or_(*(sfn.Condition.string_equals(outcome, o) for o in outcomes)), target)
    return choice.otherwise(done)


def _persist(scope: Construct, step: Persistent, *endings: tasks.LambdaInvoke) -> None:
    outcome = "$.last.Payload.outcome"
    told = sfn.Succeed(scope, "ended")
    tell = _invoke(scope, step.name, step.function, step.payload)
    later = sfn.Wait(
        scope, f"{step.name}_later", time=sfn.WaitTime.seconds_path("$.last.Payload.seconds")
    ).next(tell)
    again = sfn.Condition.string_equals(outcome, "again")
    tell.next(sfn.Choice(scope, f"after_{step.name}").when(again, later).otherwise(told))
    awaited = sfn.Condition.string_equals(outcome, step.name)
    for ending in endings:
        ending.next(sfn.Choice(scope, f"after_{ending.id}").when(awaited, tell).otherwise(told))


def _fan_out(scope: Construct, step: FanOut) -> sfn.DistributedMap:
    reader = sfn.S3JsonItemReader(
        bucket=s3.Bucket.from_bucket_name(scope, f"{step.name}_items", step.bucket),
        key=sfn.JsonPath.string_at(step.items_at),
    )
    item = sfn.JsonPath.object_at("$$.Map.Item.Value")
    fan = sfn.DistributedMap(
        scope,
        step.name,
        item_reader=reader,
        item_selector={**step.payload, step.item_name: item},
        max_concurrency=step.concurrency,
        result_path=sfn.JsonPath.DISCARD,
    )
    each = tasks.LambdaInvoke(
        scope,
        f"{step.name}_item",
        lambda_function=step.function,
        payload=sfn.TaskInput.from_json_path_at("$"),
        # Thousands of children answer, and a state holds 256 KiB.
        result_selector={"o": sfn.JsonPath.string_at("$.Payload.outcome")},
        retry_on_service_exceptions=False,
    )
    _retry(each, TRANSIENT, 6)
    _retry(each, ["States.ALL"], 2)
    fan.item_processor(each, mode=sfn.ProcessorMode.DISTRIBUTED, execution_type=sfn.ProcessorType.STANDARD)
    return fan


def _retry(state: tasks.LambdaInvoke, errors: list[str], attempts: int) -> None:
    state.add_retry(
        errors=errors,
        interval=Duration.seconds(2),
        max_attempts=attempts,
        backoff_rate=2,
        max_delay=Duration.minutes(1),
        jitter_strategy=sfn.JitterType.FULL,
    )


def _invoke(
    scope: Construct,
    name: str,
    function: lambda_.IFunction,
    payload: Mapping[str, object],
    waits_at: str | None = None,
) -> tasks.LambdaInvoke:
    token = {"task_token": sfn.JsonPath.task_token} if waits_at else {}
    state = tasks.LambdaInvoke(
        scope,
        name,
        lambda_function=function,
        payload=sfn.TaskInput.from_object({**payload, **token}),
        result_path="$.last",
        integration_pattern=(
            sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN
            if waits_at
            else sfn.IntegrationPattern.REQUEST_RESPONSE
        ),
        task_timeout=sfn.Timeout.at(waits_at) if waits_at else None,
        retry_on_service_exceptions=False,
    )
    _retry(state, TRANSIENT, 6)
    return state
