"""Every public name of the package has its entry in the API pages, or the build warns."""

import importlib
import pkgutil

from sphinx.util import logging

import skxent

logger = logging.getLogger(__name__)


def public_names():
    """Full names of all that skxent and its public modules export."""
    modules = [skxent]
    for module in pkgutil.iter_modules(skxent.__path__, "skxent."):
        if not module.name.rpartition(".")[2].startswith("_"):
            modules.append(importlib.import_module(module.name))
    return {f"{module.__name__}.{name}" for module in modules for name in module.__all__}


def _check(app, env):
    documented = env.domaindata["py"]["objects"]
    for name in sorted(public_names()):
        if name.rpartition(".")[2].startswith("__") or isinstance(_get(name), type(skxent)):
            continue
        if name not in documented:
            logger.warning("the public name %s has no entry in the API pages", name)


def _get(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def setup(app):
    """Connect the check."""
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
