"""Who may ask, and in which form: looked at before anything of a request is read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from optimizer.service.settings import ServiceSettings

COOKIE = "optimizer"
READING = ("GET", "HEAD")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLargeError(Exception):
    """A body beyond what is taken."""


class Guard:
    """ASGI middleware.

    The Host must be one of ours (else a foreign name could be pointed at this machine), the Origin too (else any page
    open in the browser could post here), the token must be shown, bodies are JSON and of limited size.
    """

    def __init__(self, app: App, settings: ServiceSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raise RuntimeError("no websockets here")
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        seen, refused = 0, False

        async def counted() -> Message:
            """The body as it comes, also where its length was not said or was a lie."""
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._settings.most_body:
                raise TooLargeError
            return message

        async def marked(message: Message) -> None:
            nonlocal refused
            if seen > self._settings.most_body:
                if not refused:
                    refused = True
                    await _answer(send, 413, "the body is too large")
                return
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_encoded(HEADERS)]
            await send(message)

        await self._app(scope, counted, marked)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason why a request is not let in; None where it is."""
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        settings = self._settings
        if headers.get("host") not in settings.hosts:
            return 421, "this service is not called that; name it with --name"
        if "origin" in headers and headers["origin"] not in settings.origins:
            return 403, "the request comes from another site"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and scope["path"] != "/":
            return 403, "the request comes from another site"
        shows_ticket = scope["path"] == "/" and b"ticket=" in scope["query_string"]
        if not shows_ticket and not self._knows_token(headers):
            return 401, "show the token: Authorization: Bearer TOKEN, or open the address that the service printed"
        if scope["method"] in READING or scope["method"] == "DELETE":
            return None
        if headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return 415, "application/json is wanted"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > settings.most_body:
            return 413, "the body is too large"
        return None

    def _knows_token(self, headers: dict[str, str]) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        shown = given or (cookie.value if cookie is not None else "")
        return hmac.compare_digest(shown.encode(), self._settings.token.encode())


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    headers = _encoded({"content-type": "application/json", "content-length": str(len(body)), **HEADERS})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
