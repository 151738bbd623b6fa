"""Configuration of the documentation; it builds without a network."""

import importlib.util
import re
import shutil
import sys
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
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "links",
    "public_names",
    "rooms",
    "usual",
]
exclude_patterns = ["_build", "generated/gallery_backreferences"]
templates_path = ["_templates"]
default_role = "literal"
nitpicky = True  # a reference that leads nowhere is a warning
nitpick_ignore_regex = [("py:.*", r"(sklearn|matplotlib|numpy|scipy|pandas)\..*")]
linkcheck_timeout = 30
linkcheck_retries = 3

# -- API pages -------------------------------------------------------------------------------------
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc states the types
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def _unlink_scikit_learn(app, what, name, obj, options, lines):
    """Keep only the text of what docstrings inherited from scikit-learn refer to in its pages."""
    if getattr(obj, "__module__", "").startswith("sklearn."):
        text = re.sub(r":(?:ref|term):`([^`<]+?)(?: <[^`]*>)?`", r"\1", "\n".join(lines))
        lines[:] = text.split("\n")


# -- Gallery ---------------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": [f"../examples/{x}" for x in ("start", "tables", "training", "theory")],
    "nested_sections": False,  # the groups stand on one page
    "within_subsection_order": "gallery.TeachingOrder",
    "thumbnail_size": (600, 420),
    "capture_repr": (),  # what is printed, not what a line returns
    "ignore_pattern": r"main_job|optuna_search|__init__",
    "abort_on_example_error": False,
    "only_warn_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "show_memory": False,
    "reset_modules": ("matplotlib", "gallery.warnings_are_errors"),
    "reset_modules_order": "both",
    "remove_config_comments": True,
    "plot_gallery": "True",
}

# -- Formulas --------------------------------------------------------------------------------------
mathjax_path = "mathjax.js"


def _copy_mathjax(app, exception):
    """Put MathJax, one file with no others behind it, beside the pages: no network to read them."""
    if exception is None and app.builder.format == "html":
        package = importlib.util.find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
        source = Path(package) / "static" / "mathjax" / "tex-svg-full.js"
        shutil.copyfile(source, Path(app.outdir) / "_static" / mathjax_path)


# -- HTML ------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "skxent"
html_static_path = ["_static"]
html_css_files = ["skxent.css"]
html_copy_source = False
html_show_sourcelink = False
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
# of the pages at the top only the reference has pages below it to go to
html_sidebars = {"*": [], "auto_examples/**": [], "api": ["sidebar-collapse", "sidebar-nav-bs"]}


def setup(app):
    """Connect this file's hooks."""
    app.connect("build-finished", _copy_mathjax)
    app.connect("autodoc-process-docstring", _unlink_scikit_learn, priority=400)
