"""An alarm on what a function logs: one a deployment, so that it costs the same for any number of models."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct


def alarm_on_line(scope: Construct, name: str, function: lambda_.Function, message: str) -> None:
    """ALARM for as long as the function logs lines with this message; no line is no reason for one."""
    metric = logs.MetricFilter(
        scope,
        f"{name}Lines",
        log_group=function.log_group,
        filter_pattern=logs.FilterPattern.string_value("$.message", "=", message),
        metric_namespace="Sluice",
        metric_name=name,
    ).metric(statistic="Sum", period=Duration.minutes(5))
    cloudwatch.Alarm(
        scope,
        f"{name}Alarm",
        metric=metric,
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=f"{message}: see the function's log for project, version and reason",
    )
