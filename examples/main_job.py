"""Learn a real table, with text and gaps, beside three of scikit-learn's classifiers.

Prints log loss, accuracy and calibration error on rows not trained on, and the training time of
each, and saves a picture. Needs pandas and matplotlib. ``python examples/main_job.py --help`` lists
its options.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skxent import SoftmaxMLPClassifier
from skxent.datasets import load_adult

BINS = 10


def as_categories(X):
    """Give texts the dtype by which HistGradientBoosting knows categories."""
    return X.astype({name: "category" for name in X.select_dtypes(exclude="number")})


def prepared(classifier):
    """Put before a classifier what the others need: gaps filled, texts one-hot, numbers scaled."""
    numbers, texts = (
        make_column_selector(dtype_include="number"),
        make_column_selector(dtype_exclude="number"),
    )
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore", min_frequency=10), texts),
        ),
        classifier,
    )


def classifiers(seed):
    """Give what is compared: each with its defaults, on the table in the form that it takes.

    MLPClassifier stops early: trained to its end, its log loss on these rows is twice as high.
    """
    boosting = HistGradientBoostingClassifier(random_state=seed)
    return {
        "skxent": SoftmaxMLPClassifier(random_state=seed),
        "HistGradientBoosting": make_pipeline(FunctionTransformer(as_categories), boosting),
        "MLPClassifier": prepared(MLPClassifier(early_stopping=True, random_state=seed)),
        "LogisticRegression": prepared(LogisticRegression(max_iter=1000)),
    }


def reliability(y, p):
    """Mean probability, share of the class, and rows, of each bin of probability."""
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    rows, promised, kept = (np.bincount(bins, w, BINS) for w in (None, p, y))
    filled = rows > 0
    return promised[filled] / rows[filled], kept[filled] / rows[filled], rows[filled]


def draw(results, shares):
    """Draw the log loss of each, and what was promised against what was kept."""
    figure = Figure(figsize=(5, 5.4), layout="constrained")  # of a telephone's width
    bars, curves = figure.subplots(2, 1, height_ratios=[2, 3])
    colors = dict(zip(results, ("C0", "C1", "C2", "0.5"), strict=True))
    for place, (name, (loss, accuracy, curve)) in enumerate(results.items()):
        bars.barh(place, loss, color=colors[name], height=0.6)
        bars.text(loss, place, f" {loss:.3f}  ({accuracy:.1%} right)", va="center", fontsize=9)
        curves.plot(*curve[:2], "o-", color=colors[name], label=name, markersize=4)
    bars.axvline(shares, color="gray", linestyle=":")
    bars.set_yticks(range(len(results)), results)
    bars.invert_yaxis()
    bars.set(xlim=(0, shares * 1.02), xlabel="log loss (dotted: knowing only the shares)")
    curves.plot([0, 1], [0, 1], color="gray", linestyle=":")
    curves.set(xlabel="predicted probability of >50K", ylabel="share of >50K")
    curves.legend(fontsize=9)
    return figure


def main():
    """Fit, print the table, save the picture."""
    checkout = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=checkout / "build" / "comparison.png")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the classifiers")
    arguments = parser.parse_args()

    X, y = load_adult(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=2000, stratify=y, random_state=arguments.seed
    )
    rich = (y_test == ">50K").to_numpy()
    print(f"{len(X_train)} training rows, {X.shape[1]} columns, {X.isna().sum().sum()} gaps\n")
    print(f"{'':<21} {'log loss':>8} {'accuracy':>9} {'calibration error':>18} {'seconds':>8}")
    results = {}
    for name, classifier in classifiers(arguments.seed).items():
        start = time.perf_counter()
        classifier.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        p = classifier.predict_proba(X_test)
        loss = log_loss(y_test, p)
        accuracy = accuracy_score(y_test, classifier.predict(X_test))
        promised, kept, rows = curve = reliability(rich, p[:, 1])
        error = np.average(abs(promised - kept), weights=rows)
        print(f"{name:<21} {loss:8.4f} {accuracy:9.3f} {error:18.4f} {seconds:8.2f}", flush=True)
        results[name] = loss, accuracy, curve

    share = rich.mean()
    figure = draw(results, -share * np.log(share) - (1 - share) * np.log(1 - share))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.output, dpi=100)
    print(f"\npicture: {arguments.output}")


if __name__ == "__main__":
    main()
