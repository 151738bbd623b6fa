"""Formulas as MathML, which browsers draw themselves: pages need no script and no network."""

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)


def _mathml(tex, node, as_block):
    """Translate one formula; one that can't be is a warning, and stands as it was typed."""
    if as_block and (r"\\" in tex or "&" in tex) and r"\begin{" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        return tex2mathml(tex, as_block=as_block)
    except MathError as error:
        logger.warning("formula %r: %s", tex, error, location=node)
        return f"<code>{nodes.unescape(tex)}</code>"


def _visit_inline(translator, node):
    translator.body.append(_mathml(node.astext(), node, as_block=False))
    raise nodes.SkipNode


def _visit_block(translator, node):
    body = translator.body
    body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        body.append("</span>")
    # A blank line begins a new formula, as with Sphinx's other renderers.
    for tex in node.astext().split("\n\n"):
        if tex.strip():
            body.append(_mathml(tex.strip(), node, as_block=True))
    body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
