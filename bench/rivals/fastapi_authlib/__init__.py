"""FastAPI with Authlib and SQLAlchemy: https://docs.authlib.org/en/latest/oauth2/client/web/fastapi.html."""
