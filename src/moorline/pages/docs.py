"""`/api/docs`: the operations of `/api/openapi.json` on one page, from this server alone."""

from dataclasses import replace

from litestar import Response, get

from moorline.access import public
from moorline.pages import view
from moorline.pages.look import look_of
from moorline.pages.request import Visit


@get("/api/docs", opt=public(), include_in_schema=False)
async def api_docs(request: Visit) -> Response[bytes]:
    """Every operation with its parameters and answers."""
    # The document is in English, and so is its page.
    look = replace(await look_of(request, language="en"), language="en", direction="ltr", address=None)
    return view.page(look, "docs.html", {"document": request.app.openapi_schema.to_schema()})
