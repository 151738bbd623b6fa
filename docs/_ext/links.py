"""Every link within the built pages leads somewhere, or the build warns; no network is needed.

Links to other sites are only read here; ``sphinx -b linkcheck`` asks those sites.
"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

logger = logging.getLogger(__name__)


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note links and anchors."""
        for name, value in attrs:
            if name in ("href", "src") and value and tag != "link":
                self.links.add(value)
            elif name == "id" or (tag, name) == ("a", "name"):
                self.anchors.add(value)


def dead_links(outdir):
    """Yield (page, link, what is wrong with it) for all pages below a folder."""
    outdir = Path(outdir).resolve()
    pages = {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(outdir.rglob("*.html"))
        if "_static" not in path.relative_to(outdir).parts
    }
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme in ("mailto", "data", "javascript"):
                continue
            if parts.scheme or parts.netloc:
                if parts.scheme != "https" or "." not in parts.netloc or " " in link:
                    yield path.relative_to(outdir), link, "is no https address"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield path.relative_to(outdir), link, "leads to no file"
            elif parts.fragment and target in pages:
                if unquote(parts.fragment) not in pages[target].anchors:
                    yield path.relative_to(outdir), link, "leads to no place on its page"


def _check(app, exception):
    if exception is None and app.builder.format == "html":
        for page, link, fault in dead_links(app.outdir):
            logger.warning("%s: the link %s %s", page, link, fault)


def setup(app):
    """Connect the check, after everything else has been written."""
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
