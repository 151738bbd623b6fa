"""
Early stopping, and the validation curve
========================================

A network with room to spare first learns what is so and then what is not: the loss on its
training rows falls and falls, the loss on other rows turns round. Early stopping holds
some rows out, watches the second curve, and keeps the weights of its lowest point. Both are
log losses, measured in the same way at the end of each epoch.
"""

# %%
# Digits with a fifth of the labels drawn at random, so that there is something to learn by
# heart. To see the whole course, patience is infinite and ``max_iter`` ends the training.

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import LossCurveDisplay, SoftmaxMLPClassifier

X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
wrong = rng.random(len(y)) < 0.2
y = np.where(wrong, rng.integers(10, size=len(y)), y)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

settings = {
    "solver": "adam",
    "learning_rate_init": 0.003,
    "encoder": "passthrough",
    "early_stopping": True,
    "max_iter": 150,
    "random_state": 0,
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # we mean to stop at max_iter
    long = SoftmaxMLPClassifier(n_iter_no_change=np.inf, **settings).fit(X_train, y_train)

display = LossCurveDisplay.from_estimator(long)

# %%
# The weights are those of the marked epoch although training went on, and so with any way
# of ending: patience, ``max_iter``, ``max_time``, a callback, Ctrl-C. With a patience of
# ten epochs, the default beside a named solver, training ends much earlier. The curve is
# noisy, so it ends at a low that is not the very lowest; most of what there is to gain over
# no early stopping it has.

patient = SoftmaxMLPClassifier(**settings).fit(X_train, y_train)
without = SoftmaxMLPClassifier(**(settings | {"early_stopping": False}))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    without.fit(X_train, y_train)

for name, classifier in (
    ("held out, infinite patience", long),
    ("held out, patience 10", patient),
    ("nothing held out", without),
):
    loss = log_loss(y_test, classifier.predict_proba(X_test))
    print(f"{name:28} epochs {classifier.n_iter_:3}   test log loss {loss:.3f}")

# %%
# ``history_`` has more than the losses; it is a DataFrame in one call. Its ``loss`` is the
# objective, a mean over an epoch in which the weights were moving.

history = pd.DataFrame(long.history_)
columns = ["epoch", "loss", "train_log_loss", "validation_loss", "gradient_norm"]
print(history.loc[[0, 9, 49, 149], columns].round(3).to_string(index=False))
plt.show()
