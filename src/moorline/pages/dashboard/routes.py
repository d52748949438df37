"""The dashboard: everything under `/dashboard`."""

from litestar import Router

from moorline.pages.dashboard.accounts import account_list, account_page, rename_account
from moorline.pages.dashboard.attempts import attempt_list, attempt_page
from moorline.pages.dashboard.audit_log import audit_page
from moorline.pages.dashboard.choices import choice_form, choose
from moorline.pages.dashboard.connecting import connect, connect_page
from moorline.pages.dashboard.deliveries import delivery_list, delivery_page, send_again
from moorline.pages.dashboard.disconnecting import disconnect, disconnect_form, reconnect
from moorline.pages.dashboard.failures import HANDLERS
from moorline.pages.dashboard.keys import create_key, key_list, revoke_form, revoke_key
from moorline.pages.dashboard.link_new import create_link, new_link_form
from moorline.pages.dashboard.links import link_list, link_page, withdraw, withdraw_form
from moorline.pages.dashboard.once import once_form, once_submit
from moorline.pages.dashboard.overview import overview
from moorline.pages.dashboard.own_apps import (
    app_list,
    app_page,
    change_app,
    create_app,
    delete_app,
    delete_app_form,
    switch_app,
)
from moorline.pages.dashboard.profiles import (
    create_profile,
    delete_form,
    delete_profile,
    make_default,
    profile_list,
    profile_page,
    rename_profile,
)
from moorline.pages.dashboard.session import admit, before
from moorline.pages.dashboard.settings import brand_page, save_brand
from moorline.pages.dashboard.sign_in import sign_in, sign_in_form, sign_out
from moorline.pages.dashboard.team import invite, sign_in_link, team_page
from moorline.pages.dashboard.webhook_acts import (
    delete_webhook,
    delete_webhook_form,
    rotate_form,
    rotate_secret,
    test_webhook,
)
from moorline.pages.dashboard.webhooks import (
    change_webhook,
    create_webhook,
    switch_webhook,
    webhook_list,
    webhook_page,
)
from moorline.pages.dashboard.you import change_password, sign_out_elsewhere, you_page

DASHBOARD = Router(
    path="/",
    guards=[admit],
    before_request=before,
    exception_handlers=HANDLERS,
    route_handlers=[
        sign_in_form,
        sign_in,
        sign_out,
        once_form,
        once_submit,
        overview,
        account_list,
        account_page,
        rename_account,
        choice_form,
        choose,
        disconnect_form,
        disconnect,
        reconnect,
        profile_list,
        create_profile,
        profile_page,
        rename_profile,
        make_default,
        delete_form,
        delete_profile,
        connect_page,
        connect,
        attempt_list,
        attempt_page,
        link_list,
        new_link_form,
        create_link,
        link_page,
        withdraw_form,
        withdraw,
        webhook_list,
        create_webhook,
        webhook_page,
        change_webhook,
        switch_webhook,
        test_webhook,
        rotate_form,
        rotate_secret,
        delete_webhook_form,
        delete_webhook,
        delivery_list,
        delivery_page,
        send_again,
        team_page,
        invite,
        sign_in_link,
        brand_page,
        save_brand,
        app_list,
        create_app,
        app_page,
        change_app,
        switch_app,
        delete_app_form,
        delete_app,
        audit_page,
        key_list,
        create_key,
        revoke_form,
        revoke_key,
        you_page,
        change_password,
        sign_out_elsewhere,
    ],
)
