"""Checks that the skxent installed in the folder given as argument is whole and works."""

import sys
from importlib import metadata
from pathlib import Path

from sklearn.datasets import load_wine

import skxent

if __name__ == "__main__":
    installed = Path(skxent.__file__).resolve()
    if not installed.is_relative_to(Path(sys.argv[1]).resolve()):
        sys.exit(f"skxent comes from {installed}, not from {sys.argv[1]}")
    if not installed.with_name("py.typed").exists():
        sys.exit("the package lacks py.typed")
    if not any(path.match("licenses/LICENSE") for path in metadata.files("skxent")):
        sys.exit("the package lacks its licence")
    X, y = load_wine(return_X_y=True)
    score = skxent.SoftmaxMLPClassifier(random_state=0).fit(X, y).score(X, y)
    print(f"package: version {skxent.__version__}, training accuracy on wine {score:.3f}")
