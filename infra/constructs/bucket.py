"""The one shape of every bucket: private, versioned, encrypted, over TLS only, accesses logged, retained."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.stages import Stage


class StateBucket(s3.Bucket):
    """A bucket for what must not be lost. Half-finished uploads are dropped after a week."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        access_logs: s3.IBucket,
        announce: bool = False,
        lock: s3.ObjectLockRetention | None = None,
        cors: s3.CorsRule | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id}/",
            object_lock_enabled=True if lock else None,
            object_lock_default_retention=lock,
            cors=[cors] if cors else None,
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7))],
            removal_policy=RemovalPolicy.RETAIN,
        )
        if announce:
            # The construct's own switch brings a custom resource with wide permissions; the property none.
            resource = self.node.default_child
            if not isinstance(resource, s3.CfnBucket):
                raise TypeError("a bucket's default child is its CloudFormation resource")
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                    event_bridge_enabled=True
                )
            )


class AccessLogsBucket(s3.Bucket):
    """Where the other buckets' access logs go; they expire."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(90))],
            removal_policy=RemovalPolicy.RETAIN,
        )


def audit_lock(stage: Stage) -> s3.ObjectLockRetention:
    """How long an anchored audit head cannot be overwritten or deleted."""
    if stage.audit_lock_compliance:
        return s3.ObjectLockRetention.compliance(stage.audit_lock)
    return s3.ObjectLockRetention.governance(stage.audit_lock)


def browser_access(origin: str, *, uploads: bool) -> s3.CorsRule:
    """Pages of `origin` may follow presigned links; `*` opens nothing that the link itself does not."""
    methods = [s3.HttpMethods.GET, s3.HttpMethods.HEAD]
    return s3.CorsRule(
        allowed_origins=[origin],
        allowed_methods=[*methods, s3.HttpMethods.PUT] if uploads else methods,
        allowed_headers=["*"],
        exposed_headers=["ETag", "x-amz-version-id"],
        max_age=3600,
    )
