"""Training: a problem and settings in, trained networks out; nothing here knows a table."""
