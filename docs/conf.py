"""The documentation site: Sphinx over the Markdown of this folder. `scripts/docs.sh` builds it."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_site")]

project = "motioncollage"
copyright = "the authors of motioncollage, MIT"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "pages",
    "players",
    "drawn",
    "commands",
    "docstrings",
    "links",
    "shells",
]
root_doc = "index"
exclude_patterns = ["_site", "_static", "**/sheets", "Thumbs.db", ".DS_Store"]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are kept as they were run, and run in the tests
highlight_language = "none"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"

html_theme = "furo"
html_title = "motioncollage"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1b7683", "color-brand-content": "#1b7683"},
    "dark_css_variables": {"color-brand-primary": "#4fbccb", "color-brand-content": "#4fbccb"},
    "top_of_page_buttons": [],
}
