"""What uvicorn serves: start, callback, and who is signed in."""

import logging
import os
from contextlib import asynccontextmanager
from typing import Annotated

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from starlette.middleware.sessions import SessionMiddleware

from bench.rivals.fastapi_authlib.tables import Account, Attempts, Base, User, engine, in_transaction, opened

_ME_FIELDS = "profile_image_url,username,name,verified,verified_type,public_metrics"

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("rival")

oauth = OAuth(cache=Attempts())
oauth.register(
    name="x",
    client_id=os.environ["RIVAL_CLIENT_ID"],
    client_secret=os.environ["RIVAL_CLIENT_SECRET"],
    authorize_url=os.environ["RIVAL_AUTHORIZE_URL"],
    access_token_url=os.environ["RIVAL_TOKEN_URL"],
    client_kwargs={"scope": os.environ["RIVAL_SCOPES"], "code_challenge_method": "S256"},
)


@asynccontextmanager
async def _lifespan(_app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_lifespan)
app.add_middleware(SessionMiddleware, secret_key=os.environ["RIVAL_SECRET"], https_only=True)


# Sessions are short: one held over a call to X, or while Authlib opens its own, would empty the pool under load.
async def _signed_in(request: Request) -> User | None:
    user_id = request.session.get("user_id")
    if user_id is None:
        return None
    async with opened() as session:
        return await session.get(User, user_id)


Caller = Annotated[User | None, Depends(_signed_in)]


@app.get("/")
async def health():
    """For whoever asks whether it runs."""
    return {"status": "ok"}


@app.get("/connect/x")
async def start(request: Request, caller: Caller):
    """Send the browser to X."""
    log.info("user %s connects", caller.id if caller else "-")
    return await oauth.x.authorize_redirect(request, request.url_for("callback"))


@app.get("/connect/x/callback")
async def callback(request: Request, caller: Caller):
    """Trade the code, ask who it is, save the account; whoever is not signed in is so from then on."""
    try:
        token = await oauth.x.authorize_access_token(request)
    except OAuthError as error:
        raise HTTPException(400, error.error) from error
    reply = await oauth.x.get(os.environ["RIVAL_ME_URL"], params={"user.fields": _ME_FIELDS}, token=token)
    reply.raise_for_status()
    user_id = await _save(caller, reply.json()["data"], token)
    request.session["user_id"] = user_id
    log.info("user %s connected an account", user_id)
    return RedirectResponse("/connected", status_code=303)


async def _save(caller: User | None, me, token) -> int:
    """Whose account it is."""
    values = {
        "username": me["username"],
        "display_name": me["name"],
        "picture_url": me.get("profile_image_url"),
        "access_token": token["access_token"],
        "refresh_token": token.get("refresh_token"),
        "expires_at": token["expires_at"],
    }
    known = update(Account).where(Account.platform == "x", Account.platform_user_id == me["id"])
    if caller is not None:
        known = known.where(Account.user_id == caller.id)
    async with opened.begin() as session:
        user_id = await session.scalar(known.values(values).returning(Account.user_id))
    if user_id is not None:
        return user_id
    try:
        async with in_transaction.begin() as session:
            if caller is None:
                caller = User(name=me["name"])
                session.add(caller)
                await session.flush()
            session.add(Account(user_id=caller.id, platform="x", platform_user_id=me["id"], **values))
    except IntegrityError as error:
        raise HTTPException(409, "This account is somebody else's.") from error
    return caller.id
