"""README and pages say what is so; the code in the pages is run as doctests besides."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

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
    accuracy, loss = re.fullmatch(
        r"accuracy (0\.\d\d|1\.00)\nlog loss (0\.\d\d)\n", run.stdout
    ).groups()
    assert float(accuracy) > 0.93
    assert float(loss) < 0.2


def test_files_that_the_readme_names_exist():
    text = README.read_text()
    named = set(re.findall(r"\]\(([^)#:]+)\)", text)) | set(re.findall(r"bash (\.ci/\w+)", text))
    assert len(named) >= 5
    assert not [name for name in named if not (ROOT / name).exists()]


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

    assert f"version: {skxent.__version__}\n" in (ROOT / "docs" / "CITATION.cff").read_text()
    assert f"\n{skxent.__version__} " in (ROOT / "docs" / "changelog.rst").read_text()
