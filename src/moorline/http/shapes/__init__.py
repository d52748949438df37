"""Request and answer models, one file per route file. The published spelling of every name lives here."""
