"""`/api/docs`: the operations of `/api/openapi.json` on one page, from this server alone."""

from litestar import Response, get

from moorline.access import public
from moorline.pages import view
from moorline.pages.visit import Visit, service_of


@get("/api/docs", opt=public(), include_in_schema=False)
async def api_docs(request: Visit) -> Response[bytes]:
    """Every operation with its parameters and answers."""
    return view.page(service_of(request), "docs.html", {"document": request.app.openapi_schema.to_schema()})
