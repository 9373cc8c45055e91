"""What a verb on a resource means, in IAM actions: the one place where permissions are spelled out.

A room says `{"platform": ("read", "write")}`; `grant` turns that into statements on exactly that table or
bucket. Nobody may update or delete audit items: no such row exists.
"""

from collections.abc import Iterable, Mapping

from aws_cdk import aws_iam as iam

TABLE_READ = (
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:ConditionCheckItem",
)
TABLE_WRITE = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
)

# (kind of resource, verb) -> actions
GRANTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("table", "read"): TABLE_READ,
    ("table", "write"): TABLE_WRITE,
    ("table", "put"): ("dynamodb:PutItem",),
    ("table", "append"): ("dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:ConditionCheckItem"),
    ("objects", "read"): ("s3:GetObject", "s3:GetObjectVersion"),
    ("objects", "write"): ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    ("objects", "delete"): ("s3:DeleteObject",),
    ("objects", "purge"): ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    ("bucket", "read"): ("s3:ListBucket", "s3:GetBucketLocation"),
    ("bucket", "list"): ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"),
    ("parameter", "read"): ("ssm:GetParameter",),
    ("bucket", "purge"): ("s3:ListBucketVersions",),
    ("bus", "put"): ("events:PutEvents",),
    ("machine", "start"): ("states:StartExecution",),
    ("machine", "inspect"): ("states:ListExecutions",),
    ("token", "answer"): ("states:SendTaskSuccess", "states:SendTaskFailure"),
    ("execution", "inspect"): ("states:DescribeExecution",),
}


def grant(grantee: iam.IGrantable, targets: Mapping[str, Iterable[str]], verbs: Iterable[str]) -> None:
    """Allow `verbs` on `targets` (kind of resource -> ARNs); a verb that no kind knows is a KeyError."""
    for verb in verbs:
        kinds = [kind for kind in targets if (kind, verb) in GRANTS]
        if not kinds:
            raise KeyError(f"no grant {verb!r} on {sorted(targets)}")
        for kind in kinds:
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(GRANTS[kind, verb]), resource_arns=list(targets[kind])
            )
