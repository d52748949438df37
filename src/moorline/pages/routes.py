"""Hosted pages: the platform's way back, the chooser, the Bluesky form, the Telegram page, outcomes."""

from litestar.handlers import HTTPRouteHandler

from moorline.pages.bluesky import bluesky_form, bluesky_submit
from moorline.pages.callback import callback
from moorline.pages.choose import chooser, chosen
from moorline.pages.docs import api_docs
from moorline.pages.invite import invite_entry, invite_form, invite_submit
from moorline.pages.outcome import outcome, style
from moorline.pages.telegram import telegram_page, telegram_webhook

PAGES: tuple[HTTPRouteHandler, ...] = (
    callback,
    chooser,
    chosen,
    outcome,
    style,
    bluesky_form,
    bluesky_submit,
    telegram_page,
    telegram_webhook,
    invite_entry,
    invite_form,
    invite_submit,
    api_docs,
)
