"""The one page: sign in, or who is signed in. Readable without style, usable without script."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any
from urllib.parse import urlsplit

from sluice.web.browser import SECURITY_HEADERS

_STYLE = """
:root{color-scheme:light dark;--ink:#11171c;--page:#f6f7f9;--card:#fff;--line:#8396a5;--act:#0e538b;
--bad:#a3162d}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf0;--page:#11171c;--card:#1f272d;--line:#92a4b3;--act:#8acaff;
--bad:#fabfba}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{box-sizing:border-box;width:min(26rem,100% - 2rem);padding:2rem;background:var(--card);border-radius:8px}
h1{margin:0 0 1rem;font-size:1.5rem}label{display:block;font-weight:600}
input,button,a.act{box-sizing:border-box;width:100%;padding:.6rem .8rem;margin:.4rem 0 1rem;border-radius:4px;
border:1px solid var(--line);background:var(--card);color:inherit;font:inherit;text-align:center}
input{text-align:start}button,a.act{display:block;border-color:var(--act);color:var(--act);text-decoration:none;
font-weight:600;cursor:pointer}:focus-visible{outline:3px solid var(--act);outline-offset:2px}
[role=alert]{color:var(--bad);font-weight:600}small{display:block}code{font-size:.95em}
"""
# What follows # in an address never reaches a server: the form carries it on, and the way to the provider
# tells of it, so that links still lead home.
# By itself the interface shows pages for generative models, without runs and registry (and an assistant):
# neither is served, and functions/serve_interface hides the switch.
_SCRIPT = """const to=location.hash
for(const f of document.forms)if(f.dataset.keep)f.action+=to
for(const a of document.links)if(a.dataset.keep&&to)a.search="to="+encodeURIComponent(to)
for(const[k,v]of[["mlflow.workflowType",'"machine_learning"'],["mlflow.assistant.fab.autoOpenedOnFirstLoad","true"]])
try{localStorage[k+"_v1"]=v}catch{}"""

_FORM = """<form method="post" action="/sign-in" data-keep="1">
<label for="token">Token</label>
<input id="token" name="token" type="password" required autofocus
 autocomplete="current-password" spellcheck="false" aria-describedby="how">
<button>Sign in</button>
<small id="how">The text that begins with <code>slc_</code>: <code>sluice status --json</code> shows those
of a stack on your machine, an administrator makes others.</small>
</form>"""
_PROVIDER = '<p><a class="act" href="/sign-in/openid" data-keep="1">Sign in with {}</a></p>'
_INSIDE = """<p>You are signed in as <strong>{}</strong>.</p>
<p><a class="act" href="/">Open experiments and models</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>"""
_DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title} · Sluice</title><style>{style}</style></head>
<body><main><h1>{title}</h1>{problem}{body}</main><script>{script}</script></body></html>
"""


def page(status: int, *, principal: str, provider: str, problem: str) -> dict[str, Any]:
    """The page of somebody (`principal`) or of nobody; `provider` is an issuer, `problem` a sentence."""
    title = "Signed in" if principal else "Sign in"
    known = _PROVIDER.format(escape(urlsplit(provider).hostname or provider)) if provider else ""
    return {
        "statusCode": status,
        "headers": {
            **SECURITY_HEADERS,
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "content-security-policy": (
                f"default-src 'none'; style-src {_source(_STYLE)}; script-src {_source(_SCRIPT)}; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
        },
        "body": _DOCUMENT.format(
            title=title,
            style=_STYLE,
            script=_SCRIPT,
            problem=f'<p role="alert">{escape(problem)}</p>' if problem else "",
            body=_INSIDE.format(escape(principal)) if principal else known + _FORM,
        ),
    }


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
