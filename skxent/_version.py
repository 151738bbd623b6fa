"""The version of the package, apart from all else so that every module can ask for it."""

__version__ = "0.1.0"
