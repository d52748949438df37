"""Hosted pages: the platform's way back, the chooser, the Bluesky form, the Telegram page, outcomes."""

from litestar import Router

from moorline.pages.again import start_again
from moorline.pages.bluesky import bluesky_form, bluesky_submit
from moorline.pages.callback import callback, callback_of_own_app
from moorline.pages.choose import chooser, chosen
from moorline.pages.dashboard.routes import DASHBOARD
from moorline.pages.docs import api_docs
from moorline.pages.invite import invite_entry, invite_form, invite_submit
from moorline.pages.link import link_page, link_start
from moorline.pages.outcome import outcome
from moorline.pages.pictures import listed_picture, signed_picture
from moorline.pages.static_files import static_file
from moorline.pages.status import status
from moorline.pages.switching import switch_language
from moorline.pages.telegram import telegram_page, telegram_webhook

PAGES = Router(
    path="/",
    before_request=switch_language,
    route_handlers=[
        callback,
        start_again,
        callback_of_own_app,
        chooser,
        chosen,
        outcome,
        status,
        static_file,
        signed_picture,
        listed_picture,
        bluesky_form,
        bluesky_submit,
        telegram_page,
        telegram_webhook,
        link_page,
        link_start,
        invite_entry,
        invite_form,
        invite_submit,
        api_docs,
        DASHBOARD,
    ],
)
