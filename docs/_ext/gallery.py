"""An example that warns fails, as a test that warns does."""

import warnings

_entered = []


def warnings_are_errors(gallery_conf, fname, when):
    """Turn warnings into errors before an example, and back to what they were after it."""
    if when == "before":
        _entered.append(warnings.catch_warnings())
        _entered[-1].__enter__()
        warnings.simplefilter("error")
    elif _entered:
        _entered.pop().__exit__(None, None, None)
