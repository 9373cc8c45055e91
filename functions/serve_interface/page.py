"""MLflow's page with what this deployment adds to it: a way out, and no ways to what is not served here.

Its scripts are left as they are. They draw into an element of their own, beside which another may stand, and
mark what they draw well enough for rules of style.
"""

from __future__ import annotations

# What belongs to generative models: the switch to them (nameless, between the side bar's head and its links),
# a demo, an assistant. And webhooks and telemetry of MLflow's own server.
_HIDDEN = (
    "aside>div+div:has(+nav)",
    *(f'aside a[href*="{place}"]' for place in ("/traces", "/settings/llm-", "/settings/webhooks")),
    '[role=tab]:is([id$="-trigger-traces"],[id$="-trigger-evaluations"])',
    'section:has([data-component-id^="mlflow.home.demo-"])',
    "[data-assistant-ui]",
    '[data-component-id="mlflow.home.telemetry-alert"]',
    *(f'div:has(>div>[data-component-id^="mlflow.settings.{row}."])' for row in ("telemetry", "demo")),
)
# In the column of the side bar's icons; the words beside them are there while the bar is open, with the logo.
_ADDED = f"""<style>{",".join(_HIDDEN)}{{display:none!important}}
.sign-out{{position:fixed;left:8px;bottom:78px;margin:0;z-index:1}}
.sign-out button{{display:flex;gap:8px;align-items:center;padding:8px;border:0;border-radius:4px;
background:none;color:#11171c;font:13px/16px system-ui,sans-serif;cursor:pointer}}
.sign-out button:hover{{background:rgba(104,133,158,.16)}}.sign-out span{{display:none}}
body:has(aside title) .sign-out span{{display:inline}}body.dark-mode .sign-out button{{color:#e8ecf0}}</style>
<form class="sign-out" method="post" action="/sign-out"><button title="Sign out" aria-label="Sign out">
<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
aria-hidden="true"><path d="M6 2.5H2.5v11H6M6 8h7.5M10.5 5l3 3-3 3"/></svg><span>Sign out</span></button>
</form>
"""
_END = b"</body>"


def with_ours(page: bytes) -> bytes:
    """MLflow's page and ours; ValueError where it does not end as it did when this was written."""
    if page.count(_END) != 1:
        raise ValueError("the interface's page has no single end of its body")
    return page.replace(_END, _ADDED.encode() + _END)
