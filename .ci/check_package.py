"""Checks that the skxent installed in the folder given as argument is whole and works."""

import sys
from importlib import metadata
from pathlib import Path

import skxent
from skxent.datasets import load_adult

if __name__ == "__main__":
    installed = Path(skxent.__file__).resolve()
    if not installed.is_relative_to(Path(sys.argv[1]).resolve()):
        sys.exit(f"skxent comes from {installed}, not from {sys.argv[1]}")
    if not installed.with_name("py.typed").exists():
        sys.exit("the package lacks py.typed")
    for licence in ("LICENSE", "LICENSE-adult.txt"):
        if not any(
            path.name == licence and "licenses" in path.parts for path in metadata.files("skxent")
        ):
            sys.exit(f"the package lacks {licence}")
    X, y = load_adult(return_X_y=True, as_frame=False)
    X, y = X[:600], y[:600]
    score = skxent.SoftmaxMLPClassifier(random_state=0).fit(X, y).score(X, y)
    print(f"package: version {skxent.__version__}, training accuracy on its sample {score:.3f}")
