"""`/dashboard/settings`: how the pages look that this workspace's people and customers see."""

from litestar import Response, get, post

from moorline.access import signed_in
from moorline.errors import BadRequest
from moorline.owners import brands
from moorline.owners.audit import Actor
from moorline.owners.brands import NewBrand
from moorline.pages import pictures
from moorline.pages.dashboard import board, preview, reserved
from moorline.pages.dashboard.session import BoardRequest
from moorline.pages.request import service_of
from moorline.pages.words import N_

PATH = "/dashboard/settings"
_WRONG = {
    "name": N_("Enter a name of at most %(most)s characters that can be seen, or none."),
    "color": N_("Enter a colour of six hex digits, such as #0b5cad, or none."),
    "logoUrl": N_("Enter an https address of a picture, such as https://example.com/logo.png, or none."),
    "contact": N_("Enter an e-mail address or an https address, or none."),
}


@get(PATH, opt=signed_in(), include_in_schema=False)
async def brand_page(request: BoardRequest) -> Response[bytes]:
    """What is set, and how it looks."""
    refused = reserved.refusal(request, "settings")
    if refused is not None:
        return refused
    return await _page(request, await brands.read(service_of(request).db, request.auth.caller.user_id))


@post(PATH, opt=signed_in(), include_in_schema=False, status_code=200)
async def save_brand(request: BoardRequest) -> Response[bytes]:
    """Save it; or only show what the colour would look like."""
    refused = reserved.refusal(request, "settings")
    if refused is not None:
        return refused
    form, caller = await request.form(), request.auth.caller
    given = NewBrand(
        name=str(form.get("name", "")),
        color=str(form.get("color", "")),
        logo_url=str(form.get("logoUrl", "")),
        contact=str(form.get("contact", "")),
    )
    try:
        if str(form.get("act", "")) == "preview":
            return await _page(request, brands.check(given), is_draft=True)
        await brands.save(service_of(request).db, caller.user_id, given, by=Actor.of(caller))
    except BadRequest as error:
        return await _page(request, given, error=error)
    return board.onward(request, "/settings", done="brand-saved")


async def _page(
    request: BoardRequest, brand: NewBrand, *, error: BadRequest | None = None, is_draft: bool = False
) -> Response[bytes]:
    service, signed = service_of(request), request.auth
    look = signed.look
    wrong = {} if error is None else {name: look.gettext(_WRONG[name], most=_most()) for name in error.fields}
    color = None if error is not None else brand.color
    values = {
        "brand_set": brand,
        "instance_name": service.settings.brand,
        "wrong": wrong,
        "is_draft": is_draft,
        "picture": None if color is None else preview.picture(look, color, look.gettext(N_("Connect"))),
        "verdict": [] if color is None else list(preview.verdict(look, color)),
        "logo": None if error is not None else pictures.url(service, brand.logo_url),
        "max_name_chars": brands.MAX_NAME_CHARS,
        "max_url_chars": brands.MAX_URL_CHARS,
    }
    return board.page(request, signed, "settings.html", values, status=200 if error is None else 400)


def _most() -> str:
    return str(brands.MAX_NAME_CHARS)
