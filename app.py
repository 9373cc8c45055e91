"""CDK entry: read the stage, build the assets, compose, check, synthesize. It calls no AWS API.

Context: `stage` (dev, prod; default dev), `layers` (cloud: built for Lambda; host: pointing at packages for
this machine, for the embedded AWS; stub: empty, to look at templates; default cloud).
"""

from pathlib import Path

from aws_cdk import App

from infra.application import FLAGS, compose
from infra.nag import check
from infra.packaging.build import build_for_cloud, build_for_host, build_stubs
from infra.settings import Build
from infra.stages import stage_named

ROOT = Path(__file__).resolve().parent
WORK = ROOT / "build"
HOST_LAYERS = ROOT / ".sluice" / "layers"


def assets(kind: str) -> Build:
    """The built assets of one kind; ValueError names the kinds."""
    match kind:
        case "cloud":
            return build_for_cloud(ROOT, WORK)
        case "host":
            return build_for_host(ROOT, WORK, HOST_LAYERS)
        case "stub":
            return build_stubs(ROOT, WORK)
    raise ValueError(f"unknown layers {kind!r}: expected cloud, host or stub")


def main() -> None:
    app = App(context=FLAGS, analytics_reporting=False)
    stage = stage_named(app.node.try_get_context("stage") or "dev")
    layers = app.node.try_get_context("layers") or "cloud"
    compose(app, stage, assets(layers))
    if layers != "host":  # the same stacks are checked without the emulator's haste
        check(app, stage)
    app.synth()


if __name__ == "__main__":
    main()
