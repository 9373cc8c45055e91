"""Api: one HTTP API with every door of the platform."""

import json
from dataclasses import asdict

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.access import grant
from infra.constructs.function import FunctionFactory
from infra.parameters import look_up, publish
from infra.settings import Build
from infra.stages import OpenId, Stage

OPEN = {
    "manage_platform": ("GET /health", "GET /sluice/v1/health"),
    "serve_interface": ("ANY /static-files/{proxy+}",),
    "open_session": ("ANY /sign-in", "ANY /sign-in/{proxy+}", "ANY /sign-out"),
}
GUARDED = {
    "manage_platform": ("ANY /sluice/v1/{proxy+}",),
    "track_runs": ("ANY /api/{proxy+}", "ANY /version"),
    "predict": ("ANY /v2", "ANY /v2/{proxy+}", "ANY /endpoints/{proxy+}"),
}
# Under another room's prefix, but this room's to answer: the gateway prefers the longer path.
SINGLE = {"predict": ("GET /sluice/v1/predictions/{prediction_id}/explanation",)}
# What browsers call: a session's cookie opens it, and a token as everywhere.
BROWSED = {
    "serve_interface": ("ANY /",),
    "track_runs": (
        "ANY /ajax-api/{proxy+}",
        "ANY /graphql",
        "ANY /get-artifact",
        "ANY /model-versions/get-artifact",
    ),
}
ACCESS_LOG = (
    "requestId", "httpMethod", "path", "routeKey", "status", "responseLength", "responseLatency",
    "integrationLatency", "integrationErrorMessage", "authorizer.error", "identity.sourceIp",
)  # fmt: skip


class ApiStack(Stack):
    """Routes, the authorizer in front of them, throttling and the access log."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: HTTP API")
        functions: dict[str, lambda_.IFunction] = dict(FunctionFactory(self, stage, build).all_rooms("Api"))
        functions["predict"] = lambda_.Function.from_function_attributes(
            self, "Predict", function_arn=look_up(self, stage, "predict-function-arn"), same_environment=True
        )
        api = http.HttpApi(
            self,
            "Http",
            create_default_stage=False,
            cors_preflight=_cors(stage.public_origin) if stage.public_origin else None,
            default_authorizer=_authorizer(functions.pop("authorize_caller")),
        )
        self._add_routes(api, functions, _browser_authorizer(functions.pop("authorize_browser")))
        if stage.openid:
            self._know_provider(functions["open_session"], stage.openid)
        self._add_stage(api, stage)
        publish(self, stage, "api-id", api.api_id)
        publish(self, stage, "api-url", api.api_endpoint)

    def _add_routes(
        self, api: http.HttpApi, functions: dict[str, lambda_.IFunction], browsers: http.IHttpRouteAuthorizer
    ) -> None:
        ways = ((OPEN, http.HttpNoneAuthorizer()), (SINGLE, None), (GUARDED, None), (BROWSED, browsers))
        for room, function in functions.items():
            integration = integrations.HttpLambdaIntegration(room, function)
            for routes, authorizer in ways:
                for route in routes.get(room, ()):
                    method, path = route.split()
                    api.add_routes(
                        path=path,
                        methods=[http.HttpMethod(method)],
                        integration=integration,
                        authorizer=authorizer,
                    )

    def _know_provider(self, function: lambda_.IFunction, provider: OpenId) -> None:
        if not isinstance(function, lambda_.Function):
            raise TypeError("only a function of this stack can be told")
        function.add_environment("OPENID", json.dumps(asdict(provider), separators=(",", ":")))
        if provider.secret_parameter:
            name = provider.secret_parameter.lstrip("/")
            arn = self.format_arn(service="ssm", resource="parameter", resource_name=name)
            grant(function, {"parameter": [arn]}, ("read",))

    def _add_stage(self, api: http.HttpApi, stage: Stage) -> None:
        log_group = logs.LogGroup(
            self, "AccessLogs", retention=stage.log_retention, removal_policy=RemovalPolicy.DESTROY
        )
        throttle = http.ThrottleSettings(rate_limit=stage.requests_per_second, burst_limit=stage.burst)
        default = api.add_stage("DefaultStage", stage_name="$default", auto_deploy=True, throttle=throttle)
        resource = default.node.default_child
        if not isinstance(resource, http.CfnStage):
            raise TypeError("a stage's default child is its CloudFormation resource")
        resource.access_log_settings = http.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in ACCESS_LOG}),
        )


def _authorizer(function: lambda_.IFunction) -> authorizers.HttpLambdaAuthorizer:
    """It answers who is calling, by the Authorization header alone; functions decide what they may do."""
    return authorizers.HttpLambdaAuthorizer(
        "Callers",
        function,
        identity_source=["$request.header.Authorization"],
        response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
        results_cache_ttl=Duration.seconds(30),
    )


def _browser_authorizer(function: lambda_.IFunction) -> authorizers.HttpLambdaAuthorizer:
    """It answers who is calling by cookie or by token.

    Identity sources are all required and key the cache: with either header as one, the other kind of caller
    would be refused unseen. So there is none, nothing is cached here, and the function remembers.
    """
    return authorizers.HttpLambdaAuthorizer(
        "Browsers",
        function,
        identity_source=[],
        response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
        results_cache_ttl=Duration.seconds(0),
    )


def _cors(origin: str) -> http.CorsPreflightOptions:
    return http.CorsPreflightOptions(
        allow_origins=[origin],
        allow_methods=[http.CorsHttpMethod.ANY],
        allow_headers=["authorization", "content-type", "idempotency-key"],
        max_age=Duration.hours(1),
    )
