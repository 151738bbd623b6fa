"""
A callback of your own
======================

Something of your own to be done after every epoch: scikit-learn's callbacks (from version
1.9) work here. This one keeps what the network says about four rows, and ends the training
when it has all four right with a probability above 0.9.
"""

# %%
# A callback is any object with these four methods. What ``on_fit_task_end`` returns says
# whether to stop; ``fitted_estimator`` is an estimator as it would be if training ended
# now, and is made only because the method asks for it.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier


class Watch:
    """Follow the probability of the true class of some rows."""

    def __init__(self, X, y, enough):
        self.X, self.y, self.enough, self.seen = X, y, enough, []

    def setup(self, estimator, context):
        """Begin: called once, before fit."""

    def teardown(self, estimator, context):
        """End: called once, after fit, also when it failed."""

    def on_fit_task_begin(self, estimator, context):
        """Called before the fit, and before every epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Called after every epoch, and after the fit."""
        if context.task_name != "epoch":
            return False
        p = fitted_estimator.predict_proba(self.X)[np.arange(len(self.y)), self.y]
        self.seen.append(p)
        return bool((p > self.enough).all())


X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
hard = [np.flatnonzero(y_test == digit)[1] for digit in (1, 3, 8, 9)]
watch = Watch(X_test[hard], y_test[hard], enough=0.9)

classifier = SoftmaxMLPClassifier(solver="adam", encoder="passthrough", random_state=0)
classifier.set_callbacks(watch).fit(X_train, y_train)
print(f"stopped after {classifier.n_iter_} epochs")

# %%
# What it saw.

figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.plot(range(1, len(watch.seen) + 1), watch.seen, label=[f"a {d}" for d in watch.y])
ax.axhline(watch.enough, color="gray", linestyle=":")
ax.set(xlabel="epoch", ylabel="probability of the true digit")
ax.legend()
plt.show()
