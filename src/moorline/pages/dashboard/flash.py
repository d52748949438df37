"""What a page says once after a form was sent, by a word in its address (`?done=`): never a text from there."""

from moorline.pages.words import N_

MESSAGES: dict[str, str] = {
    "signed-in": N_("You are signed in."),
    "password-changed": N_("Your password is changed. Everywhere else you are signed out."),
    "account-renamed": N_("The new name is saved."),
    "account-switched": N_("The account stands for your new choice."),
    "account-disconnected": N_("The account is disconnected."),
    "profile-created": N_("The profile is created."),
    "profile-changed": N_("The profile is changed."),
    "profile-default": N_("New connections go to this profile unless another is named."),
    "profile-deleted": N_("The profile is deleted."),
    "brand-saved": N_("The brand is saved."),
    "app-created": N_("The app is registered. Register its callback at the platform, if you have not."),
    "app-changed": N_("The app is changed."),
    "app-on": N_("New connections go through this app."),
    "app-off": N_("Nothing new goes through this app. What was connected through it is renewed as before."),
    "app-deleted": N_("The app is deleted."),
    "signed-out-elsewhere": N_("Everywhere else you are signed out."),
    "link-withdrawn": N_("The link is withdrawn. Nothing more can be connected through it."),
    "webhook-changed": N_("The webhook is changed."),
    "webhook-on": N_("The webhook is switched on."),
    "webhook-off": N_("The webhook is switched off. What waited for it is given up."),
    "webhook-arrived": N_("The test arrived."),
    "webhook-deleted": N_("The webhook is deleted."),
    "webhook-sent-again": N_("It was sent once more, and arrived."),
    "key-revoked": N_("The key is revoked."),
}
