"""The database, by SQLAlchemy."""

import os
import time

from sqlalchemy import ForeignKey, UniqueConstraint, delete, event, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    f"sqlite+aiosqlite:///{os.environ['RIVAL_DATABASE']}",
    connect_args={"timeout": 15},
)
opened = async_sessionmaker(engine, expire_on_commit=False)
in_transaction = async_sessionmaker(engine.execution_options(begins=True), expire_on_commit=False)


# Where one statement is all, it is its own transaction: SQLite has one writer, and one that waits for the loop between
# two statements keeps all others waiting.
@event.listens_for(engine.sync_engine, "connect")
def _prepare(connection, _record):
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


@event.listens_for(engine.sync_engine, "begin")
def _begin(connection):
    if connection.get_execution_options().get("begins"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Base(DeclarativeBase):
    """Of every table."""


class User(Base):
    """Somebody who signed in."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Account(Base):
    """An account of X, with its tokens."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("platform", "platform_user_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    platform: Mapped[str]
    platform_user_id: Mapped[str]
    username: Mapped[str]
    display_name: Mapped[str]
    picture_url: Mapped[str | None]
    access_token: Mapped[str]
    refresh_token: Mapped[str | None]
    expires_at: Mapped[int]


class Attempt(Base):
    """What Authlib has to remember between start and callback."""

    __tablename__ = "attempts"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    expires_at: Mapped[float]


class Attempts:
    """The cache that Authlib is given, in the database, so that any process can finish what another began."""

    async def get(self, key):
        """None when there is none, or it is too old."""
        async with opened() as session:
            found = select(Attempt.value).where(Attempt.key == key, Attempt.expires_at > time.time())
            return await session.scalar(found)

    async def set(self, key, value, expires_in):
        """Remember for so many seconds."""
        async with opened.begin() as session:
            session.add(Attempt(key=key, value=value, expires_at=time.time() + expires_in))

    async def delete(self, key):
        """Forget."""
        async with opened.begin() as session:
            await session.execute(delete(Attempt).where(Attempt.key == key))
