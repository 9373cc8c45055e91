"""Every Lambda function of the platform, as rows: what it runs on and what it may touch.

A verb of `access` is a row of `infra.access.GRANTS`; a resource that is not named is not reachable, and its
environment variable is not there.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Room:
    """One function: its folder under functions/, layers, size (MB, seconds), and what it may touch."""

    name: str
    stack: str
    access: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layers: tuple[str, ...] = ("base",)
    memory: int = 256
    timeout: int = 60
    asynchronous: bool = False
    needs_origins: bool = False
    needs_retention: bool = False
    needs_callbacks: bool = False


_RECORDS = {"platform": ("read", "write"), "data": ("read", "write"), "audit": ("append",)}
_TRACKED = {**_RECORDS, "tracking": ("read", "write"), "artifacts": ("read", "write")}
# Somebody else's code runs there: the only access is the role that the Training stack lets them assume.
_ISOLATED: dict[str, tuple[str, ...]] = {}
_LOOP = {"platform": ("read", "write"), "audit": ("append",), "events": ("put",)}

ROOMS: tuple[Room, ...] = (
    # the doors
    Room("authorize_caller", "Api", {"platform": ("read",)}, timeout=5),
    Room("authorize_browser", "Api", {"platform": ("read",)}, timeout=5, needs_origins=True),
    Room(
        "open_session",
        "Api",
        {"platform": ("read", "write"), "audit": ("append",)},
        timeout=29,
        needs_origins=True,
    ),
    # It reads no artifacts: it must know which bucket its page may follow links into.
    Room(
        "serve_interface",
        "Api",
        {"artifacts": ()},
        layers=("base", "interface"),
        timeout=10,
        needs_origins=True,
    ),
    Room(
        "manage_platform",
        "Api",
        {
            "platform": ("read", "write"),
            "tracking": ("read", "write"),
            "ledger": ("read", "write"),
            "audit": ("read", "append"),
            "data": ("read", "write"),
            "artifacts": ("read", "purge"),
            "archive": ("read", "write"),
            "events": ("put",),
            "training_state_machine": ("start",),
            "promotion_state_machine": ("start", "answer"),
            "batch_state_machine": ("start",),
        },
        layers=("base", "crypto"),
        memory=512,
        timeout=29,
        needs_origins=True,
        needs_retention=True,
        needs_callbacks=True,
    ),
    Room(
        "track_runs",
        "Api",
        {
            "platform": ("read",),
            "tracking": ("read", "write"),
            "artifacts": ("read", "write", "list", "delete"),
            "events": ("put",),
        },
        memory=1769,
        timeout=29,
        needs_origins=True,
    ),
    Room(
        "predict",
        "Serving",
        {
            "platform": ("read",),
            "ledger": ("read", "put"),
            "artifacts": ("read",),
            "archive": ("read", "write"),
            "audit": ("append",),
            # Requests that are answered into S3; those through the gateway end after 30 s there.
            "data": ("read", "write"),
        },
        layers=("base", "onnx", "crypto"),
        memory=1769,
        timeout=300,
        needs_origins=True,
    ),
    # batches
    Room(
        "start_batch",
        "Batch",
        {"platform": ("read", "write"), "data": ("read", "list"), "batch_state_machine": ("start",)},
        asynchronous=True,
    ),
    Room(
        "score_batch",
        "Batch",
        {**_LOOP, "data": ("read", "write"), "artifacts": ("read",)},
        layers=("base", "onnx", "data"),
        memory=1769,
        timeout=900,
    ),
    # It calls what is outside: no bucket is in its reach.
    Room(
        "deliver_callback",
        "Batch",
        {"platform": ("read", "write")},
        timeout=30,
        needs_origins=True,
        needs_callbacks=True,
    ),
    # training, in the order of the data
    Room(
        "start_training",
        "Training",
        {
            **_LOOP,
            "tracking": ("read", "write"),
            "data": ("read", "list"),
            "training_state_machine": ("start",),
        },
        asynchronous=True,
    ),
    Room(
        "validate_dataset",
        "Training",
        {**_RECORDS, "tracking": ("read",), "artifacts": ("read",)},
        layers=("base", "data"),
        memory=1769,
        timeout=300,
    ),
    Room("run_project_tests", "Training", _ISOLATED, layers=("base", "train"), memory=1769, timeout=600),
    Room("train_model", "Training", _ISOLATED, layers=("base", "train"), memory=3008, timeout=900),
    Room("score_dataset", "Training", _TRACKED, layers=("base", "onnx"), memory=1769, timeout=300),
    Room("evaluate_model", "Training", _TRACKED, layers=("base", "onnx"), memory=1769, timeout=300),
    Room("register_model", "Training", {**_TRACKED, "events": ("put",)}, memory=512, timeout=120),
    Room(
        "conclude_training",
        "Training",
        {**_TRACKED, "events": ("put",), "training_state_machine": ("start",)},
        memory=512,
    ),
    # promotion
    Room(
        "start_promotion",
        "Promotion",
        {**_LOOP, "promotion_state_machine": ("start",)},
        asynchronous=True,
    ),
    Room(
        "promote_model",
        "Promotion",
        {
            **_LOOP,
            "tracking": ("read", "write"),
            "artifacts": ("read",),
            "data": ("read",),
            "promotion_state_machine": ("answer",),
        },
        layers=("base", "onnx"),
        memory=1769,
        timeout=300,
    ),
    # monitoring and upkeep
    Room(
        "snapshot_runs",
        "Monitoring",
        {"tracking": ("read", "write"), "artifacts": ("read", "write", "list", "delete")},
        memory=1769,
        timeout=900,
    ),
    Room(
        "archive_predictions",
        "Monitoring",
        {
            "platform": ("read", "write"),
            "ledger": ("read",),
            "archive": ("read", "write"),
            "artifacts": ("read",),
        },
        layers=("base", "onnx", "crypto"),
        memory=512,
        timeout=120,
    ),
    Room(
        "check_drift",
        "Monitoring",
        {**_LOOP, "archive": ("write",), "artifacts": ("read",)},
        layers=("base", "onnx"),
        memory=1769,
        timeout=300,
        asynchronous=True,
    ),
    Room(
        "assemble_dataset",
        "Monitoring",
        {**_LOOP, "ledger": ("read",), "archive": ("read",), "data": ("read", "write")},
        layers=("base", "data", "crypto"),
        memory=1769,
        timeout=600,
        asynchronous=True,
    ),
    Room(
        "seal_audit",
        "Monitoring",
        {"platform": ("read",), "audit": ("read", "append"), "audit_bucket": ("write",)},
        asynchronous=True,
    ),
    Room(
        "collect_garbage",
        "Monitoring",
        {
            **_LOOP,
            "tracking": ("read", "write"),
            "ledger": ("read", "write"),
            "data": ("purge",),
            "artifacts": ("purge",),
            "archive": ("purge",),
        },
        timeout=900,
        asynchronous=True,
        needs_retention=True,
    ),
    Room(
        "resume_workflows",
        "Monitoring",
        {
            **_LOOP,
            "tracking": ("read", "write"),
            "data": ("read", "list"),
            "training_state_machine": ("start", "inspect"),
            "promotion_state_machine": ("start", "inspect", "answer"),
            "batch_state_machine": ("start", "inspect"),
        },
        timeout=120,
        asynchronous=True,
    ),
)


def rooms_of(stack: str) -> tuple[Room, ...]:
    """The rooms that a stack deploys, in table order."""
    return tuple(room for room in ROOMS if room.stack == stack)
