"""Train on three of scikit-learn's real data sets, beside two of scikit-learn's classifiers.

Prints the test log loss, the test accuracy and the training time of each, and saves a picture of
the learning curves. Needs matplotlib. ``python examples/main_job.py --help`` lists its options.
"""

import argparse
import time
from pathlib import Path

from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SoftmaxMLPClassifier

DATA = {
    "breast_cancer": load_breast_cancer,  # 569 rows, 30 features, 2 classes
    "digits": load_digits,  # 1797 rows, 64 features, 10 classes
    "wine": load_wine,  # 178 rows, 13 features, 3 classes
}


def classifiers(seed):
    """Give what is compared; scikit-learn's two need scaled features, skxent scales by itself."""
    return {
        "skxent": SoftmaxMLPClassifier(random_state=seed),
        "MLPClassifier": make_pipeline(
            StandardScaler(), MLPClassifier(max_iter=1000, random_state=seed)
        ),
        "LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    }


def draw_curves(axes, fitted, name):
    """Loss against epoch, for skxent and for MLPClassifier."""
    history = fitted["skxent"].history_
    axes.plot(history["epoch"], history["loss"], label="skxent, training")
    axes.plot(history["epoch"], history["validation_loss"], label="skxent, held out")
    curve = fitted["MLPClassifier"][-1].loss_curve_
    axes.plot(range(1, len(curve) + 1), curve, "--", color="0.5", label="MLPClassifier, training")
    axes.set(title=name, xlabel="epoch", ylabel="loss", yscale="log", xscale="log")


def main():
    """Fit, print the table, save the picture."""
    checkout = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=checkout / "build" / "learning_curves.png")
    parser.add_argument("--seed", type=int, default=0, help="of the splits and of the networks")
    arguments = parser.parse_args()

    figure = Figure(figsize=(5 * len(DATA), 4.5), layout="constrained")
    print(f"{'data':<14} {'classifier':<19} {'log loss':>8} {'accuracy':>9} {'seconds':>8}")
    for (name, load), axes in zip(DATA.items(), figure.subplots(1, len(DATA)), strict=True):
        X, y = load(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.4, stratify=y, random_state=arguments.seed
        )
        fitted = classifiers(arguments.seed)
        for label, classifier in fitted.items():
            start = time.perf_counter()
            classifier.fit(X_train, y_train)
            seconds = time.perf_counter() - start
            loss = log_loss(y_test, classifier.predict_proba(X_test), labels=classifier.classes_)
            accuracy = accuracy_score(y_test, classifier.predict(X_test))
            print(f"{name:<14} {label:<19} {loss:8.4f} {accuracy:9.3f} {seconds:8.2f}", flush=True)
        draw_curves(axes, fitted, name)

    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.output, dpi=100)
    print(f"\nlearning curves: {arguments.output}")


if __name__ == "__main__":
    main()
