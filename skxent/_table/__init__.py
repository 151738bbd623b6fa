"""Tables: what turns numbers, categories, dates and gaps into the rows that a network reads."""

from .encoder import TableEncoder

__all__ = ["TableEncoder"]
