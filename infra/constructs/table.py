"""The one shape of every table: generic keys and indexes, so that none is ever added to a living table."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct


class StateTable(dynamodb.Table):
    """A retained on-demand table with pk/sk, lsi1, gsi1, gsi2, a TTL and a stream of new images."""

    def __init__(self, scope: Construct, construct_id: str, *, deletion_protection: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=deletion_protection,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.add_local_secondary_index(index_name="lsi1", sort_key=_text("lsi1sk"))
        for index in ("gsi1", "gsi2"):
            self.add_global_secondary_index(
                index_name=index, partition_key=_text(f"{index}pk"), sort_key=_text(f"{index}sk")
            )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
