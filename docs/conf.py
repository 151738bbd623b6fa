"""Configuration of the documentation; it builds without a network."""

import re
import sys
import warnings
from pathlib import Path

import skxent

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "skxent"
author = "the skxent developers"
copyright = author
version = release = skxent.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "public_names",
]
exclude_patterns = ["_build", "generated/gallery_backreferences"]
templates_path = ["_templates"]
default_role = "literal"
nitpicky = False

# -- API pages -------------------------------------------------------------------------------------
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc states the types
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def _link_scikit_learn(app, what, name, obj, options, lines):
    """Turn what docstrings inherited from scikit-learn refer to into links to its pages."""
    target = r"`\1 <https://scikit-learn.org/stable/\2.html>`__"
    term = r"`\1 <https://scikit-learn.org/stable/glossary.html>`__"
    for number, line in enumerate(lines):
        line = re.sub(r":ref:`([^`<]+?) <(metadata_routing|visualizations)>`", target, line)
        lines[number] = re.sub(r":term:`([^`<]+?)(?: <[^`]*>)?`", term, line)


# -- Gallery ---------------------------------------------------------------------------------------
def _warnings_are_errors(gallery_conf, fname, when):
    """Let an example that warns fail, with the warnings' filters put back after it."""
    if when == "before":
        gallery_conf["_filters"] = warnings.filters[:]
        warnings.simplefilter("error")
    else:
        warnings.filters[:] = gallery_conf.pop("_filters")


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "ignore_pattern": r"main_job|__init__",
    "abort_on_example_error": False,
    "only_warn_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "show_memory": False,
    "remove_config_comments": True,
    "plot_gallery": "True",
}

# -- HTML ------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "skxent"
html_static_path = ["_static"]
html_css_files = ["skxent.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {
    "logo": {"text": "skxent"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"quick_start": [], "how_it_works": [], "changelog": []}


def setup(app):
    """Connect this file's hooks."""
    app.connect("autodoc-process-docstring", _link_scikit_learn, priority=400)
