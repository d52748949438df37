"""The schema, revision by revision, on both engines. SQLAlchemy and Alembic are imported here and nowhere else."""

HEAD = "0009"
