"""`/connect/status`: how far an attempt is, for the page that opened it in a popup."""

import msgspec
from litestar import Response, get

from moorline.access import public
from moorline.connect import journal, landing
from moorline.pages.request import Visit, service_of
from moorline.service import Service
from moorline.store.attempts import Attempt


class AttemptStatus(msgspec.Struct, kw_only=True, rename="camel"):
    """`error` is the slug of a failure."""

    attempt_id: str
    status: str
    account_id: str | None = None
    error: str | None = None


@get("/connect/status", opt=public(), include_in_schema=False)
async def status(request: Visit) -> Response[AttemptStatus | dict[str, str]]:
    """Answered to the origin that the attempt was started for, and to no other page."""
    service = service_of(request)
    attempt = await landing.by_status_token(service, request.query_params.get("token", ""))
    if attempt is None:
        return Response({"error": "Not found", "code": "not_found"}, status_code=404, headers=_headers(request, None))
    slug = await landing.slug_so_far(service, attempt)
    told = AttemptStatus(
        attempt_id=attempt.id,
        status="failed" if slug is not None else journal.told_status(journal.entry_of(attempt)) or "started",
        account_id=attempt.account_id if attempt.status == "connected" else None,
        error=slug,
    )
    return Response(told, headers=_headers(request, attempt))


def _headers(request: Visit, attempt: Attempt | None) -> dict[str, str]:
    headers = {"cache-control": "no-store", "vary": "Origin"}
    if attempt is not None and attempt.opener_origin is not None and not _is_told_anyway(request, service_of(request)):
        headers["access-control-allow-origin"] = attempt.opener_origin
    return headers


def _is_told_anyway(request: Visit, service: Service) -> bool:
    """Whether the operator lets this page call the whole API: then the header is there, and may not be there twice."""
    origins = service.settings.cors_origins
    return "*" in origins or request.headers.get("origin", "") in origins
