"""README and pages say what is so; the code in the pages is run as doctests besides."""

import importlib
import inspect
import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

from skxent import SoftmaxMLPClassifier, TableEncoder

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="tests run without the checkout")


def test_the_example_of_the_readme_runs():
    """Ten lines, and it is a good model that they print the figures of."""
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len([line for line in example.splitlines() if line]) <= 10
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", example], capture_output=True, text=True
    )
    assert run.stderr == ""
    figures = r"accuracy (0\.\d\d|1\.00)\nlog loss (0\.\d\d)\n"
    printed = [float(figure) for figure in re.fullmatch(figures, run.stdout).groups()]
    # processors differ in the last digits of a sum: one row may fall on the other side of a half
    (shown,) = re.findall(f"\n```\n{figures}```\n", README.read_text())
    assert printed == pytest.approx([float(figure) for figure in shown], abs=0.011)


def test_the_figures_of_the_readme_are_those_of_the_pages():
    readme, page = README.read_text(), (ROOT / "docs" / "quality.rst").read_text()
    (table,) = re.findall(r"\n\|---\|---\|---\|---\|---\|---\|\n(.*?)\n\n", readme, re.DOTALL)
    shown = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    start = page.index("\nclassifier  ")
    rows = [
        re.split("  +", row) for row in page[start : page.index("\n\n", start)].splitlines()[3:-1]
    ]
    assert shown == [[name, rank, *figures] for name, rank, _, *figures in rows]
    assert f"mean rank of {float(shown[0][1]):.2f}" in (ROOT / "docs" / "index.rst").read_text()


@pytest.mark.parametrize(
    ("library", "claim"),
    [
        ("scikit-learn float64", r"take ([\d.]+) to ([\d.]+) times as long in\s+scikit-learn's"),
        ("torch eager", r"and ([\d.]+) to ([\d.]+) times as long in\s+PyTorch"),
    ],
)
@pytest.mark.parametrize("name", ["README.md", "docs/index.rst"])
def test_the_speed_that_is_claimed_is_what_was_measured(name, library, claim):
    page = (ROOT / "docs" / "benchmarks.rst").read_text()
    section = page[page.index("Training at fixed work") : page.index("Which limit holds")]
    ratios = [float(row.split()[-1]) for row in section.splitlines() if library in row[:35]]
    assert len(ratios) >= 4
    found = re.search(claim, (ROOT / name).read_text())
    if found is None and name != "README.md":
        return  # which says less
    for figure, measured in zip(found.groups(), (min(ratios), max(ratios)), strict=True):
        digits = len(figure.partition(".")[2])
        assert float(figure) == round(measured, digits)


def test_links_that_lead_nowhere_are_found(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    pytest.importorskip("sphinx")
    links = importlib.import_module("links")
    (tmp_path / "_static").mkdir()
    (tmp_path / "guide").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="guide/a%20b.html#here">good</a><a href="#top" id="top">good</a>'
        '<a href="https://arxiv.org/abs/1412.6980">good</a><img src="guide/p.png">'
    )
    (tmp_path / "guide" / "p.png").touch()
    (tmp_path / "guide" / "a b.html").write_text(
        '<h1 id="here"><a href="../index.html#gone">no place</a><a href="c.html">no file</a>'
        '<a href="#nowhere">no place</a><a href="http://example.org">not safe</a><img src="q.png">'
    )
    (tmp_path / "_static" / "theme.html").write_text('<a href="{{ template }}">not ours</a>')
    found = {(str(page), link): fault for page, link, fault in links.dead_links(tmp_path)}
    assert found == {
        ("guide/a b.html", "../index.html#gone"): "leads to no place on its page",
        ("guide/a b.html", "#nowhere"): "leads to no place on its page",
        ("guide/a b.html", "c.html"): "leads to no file",
        ("guide/a b.html", "q.png"): "leads to no file",
        ("guide/a b.html", "http://example.org"): "is no https address",
    }


def test_usual_parameters_come_first_on_their_page(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    usual = importlib.import_module("usual")
    before = inspect.getdoc(SoftmaxMLPClassifier).splitlines()
    after = usual.separated(before)
    first, rest, _ = re.split("\n(?:Other Parameters|Attributes)\n-+\n", "\n".join(after))
    _, first = first.split("\nParameters\n----------\n")
    assert re.findall(r"^(\w+) : ", first, re.MULTILINE) == usual.USUAL
    others = re.findall(r"^(\w+) : ", rest, re.MULTILINE)
    signature = inspect.signature(SoftmaxMLPClassifier).parameters
    assert others == [name for name in signature if name not in usual.USUAL]
    added = Counter(after) - Counter(before)
    assert not Counter(before) - Counter(after)  # nothing is lost, and the headings are new
    assert {*added} <= {"", "Other Parameters", "----------------"}
    short = inspect.getdoc(TableEncoder).splitlines()
    assert usual.separated(short) == short


@pytest.fixture
def rooms(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    pytest.importorskip("sphinx")
    return importlib.import_module("rooms")


def test_the_picture_of_the_rooms_is_read_from_the_imports(rooms, tmp_path):
    root = tmp_path / "house"
    (root / "_cellar").mkdir(parents=True)
    sources = {
        "__init__.py": "from . import _hall\nfrom ._hall import door",
        "_hall.py": "import os\nimport house._cellar.wine\nfrom house import _loft as upstairs",
        "_loft.py": "def climb():\n    from ._cellar import door",
        "_cellar/__init__.py": "from .wine import bottle",
        "_cellar/wine.py": "from .. import _stairs, door\nfrom . import rack",
        "_cellar/rack.py": "from house._cellar import wine",
        "_stairs.py": '"""Go up,\nand down.\n\nNothing else."""',
    }
    for name, text in sources.items():
        (root / name).write_text(text)
    graph = rooms.imports_of(root, root)
    assert graph == {
        "__init__": {"_hall"},
        "_hall": {"_cellar", "_loft"},
        "_loft": {"_cellar"},
        "_cellar": {"__init__", "_stairs"},
        "_stairs": set(),
    }
    inside = rooms.imports_of(root / "_cellar", root)
    assert inside == {"__init__": {"wine"}, "wine": {"rack"}, "rack": {"wine"}}
    acyclic, closing = rooms.without_circles(graph)
    assert closing == [("_cellar", "__init__")]
    assert rooms.reduced(acyclic)["_hall"] == {"_loft"}  # the cellar is reached from there
    places, ways = rooms.lay_out(acyclic)
    assert set(places) == set(graph)
    assert all(b[1] == a[1] + 1 for way in ways.values() for a, b in itertools.pairwise(way))
    assert rooms.sentence(root / "_stairs.py") == "Go up, and down."
    assert rooms.draw(graph, {"_cellar"}, "A & B").count('class="folder"') == 1


def test_the_rooms_of_the_package_have_places_of_their_own(rooms):
    folders = [rooms.ROOT, *(p for p in rooms.ROOT.iterdir() if (p / "__init__.py").exists())]
    for folder in folders:
        places, _ = rooms.lay_out(rooms.reduced(rooms.without_circles(rooms.imports_of(folder))[0]))
        for (a, (x, row)), (b, (x_b, row_b)) in itertools.combinations(places.items(), 2):
            apart = (rooms.width_of(a) + rooms.width_of(b)) / 2
            assert row != row_b or abs(x - x_b) > apart, (a, b)
        assert all(0 <= x <= rooms.WIDTH for x, _ in places.values())


def test_files_that_the_readme_names_exist():
    text = README.read_text()
    named = set(re.findall(r"\]\(([^)#:]+)\)", text)) | set(re.findall(r"bash (\.ci/\w+)", text))
    assert len(named) >= 5
    assert not [name for name in named if not (ROOT / name).exists()]


def test_help_lists_every_command_with_a_sentence():
    folder = ROOT / ".ci"
    if not folder.exists():
        pytest.skip("tests run without the commands")
    commands = {path.name for path in folder.iterdir() if os.access(path, os.X_OK)}
    shown = subprocess.run(["bash", folder / "help"], capture_output=True, text=True, check=True)
    listed = dict(re.findall(r"bash \.ci/(\w+) +([A-Z].*\.)\n", shown.stdout))
    assert set(listed) == commands
    assert len(listed) == len(shown.stdout.splitlines())


def test_every_parameter_of_mlpclassifier_is_on_the_migration_page():
    page = (ROOT / "docs" / "migrating.rst").read_text()
    table = page[page.index("\nParameters\n") : page.index("\nThree differences")]
    named = set(re.findall(r"``(\w+)``", table))
    assert set(MLPClassifier().get_params()) <= named


def test_every_pitfall_is_on_the_migration_page():
    page = (ROOT / "docs" / "migrating.rst").read_text()
    tests = (ROOT / "tests" / "test_pitfalls.py").read_text()
    numbers = {int(number) for number in re.findall(r"def test_pitfall_(\d+)", tests)}
    assert numbers == set(range(1, 25))
    assert {int(number) for number in re.findall(r"\n   \* - (\d+)\n", page)} == numbers


def test_versions_agree():
    import skxent

    assert f"version: {skxent.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n{skxent.__version__} " in (ROOT / "CHANGELOG.rst").read_text()
