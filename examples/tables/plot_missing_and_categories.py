"""
Missing values and categories
=============================

A table with text, gaps and a heavy tail goes into ``fit`` as it is. What becomes of it is
the work of a :class:`~skxent.TableEncoder`, which can also be had by itself.
"""

# %%
# An invented table of loans. Incomes are skewed, and the smaller ones are more often left
# blank, so the gap itself means something. Towns are text, with one rare town.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier, TableEncoder

rng = np.random.default_rng(0)
n = 4000
income = rng.lognormal(10, 0.7, n)
town = rng.choice(np.array(["Bonn", "Kiel", "Ulm"], dtype=object), n, p=[0.5, 0.3, 0.2])
town[:3] = "Trier"
offset = pd.Series(town).map({"Bonn": 0.0, "Kiel": 1.0, "Ulm": -1.5, "Trier": 0.0}).to_numpy()
truth = 1 / (1 + np.exp(-(offset - 2 * (np.log(income) - 10))))
y = np.where(rng.random(n) < truth, "default", "repaid")
blank = rng.random(n) < np.where(income < 15000, 0.5, 0.05)
X = pd.DataFrame({"income": np.where(blank, np.nan, income), "town": town})
print(X.head())

# %%
# One line. Gradient boosting, which takes gaps and categories too, stands beside it; so does
# the loss of the true probabilities, which know the incomes that were left blank.

train, test = train_test_split(np.arange(n), test_size=0.5, random_state=0)
classifier = SoftmaxMLPClassifier(random_state=0).fit(X.iloc[train], y[train])
as_category = X.assign(town=X["town"].astype("category"))
boosting = HistGradientBoostingClassifier(random_state=0).fit(as_category.iloc[train], y[train])
p = {
    "SoftmaxMLPClassifier": classifier.predict_proba(X.iloc[test]),
    "HistGradientBoosting": boosting.predict_proba(as_category.iloc[test]),
    "the truth": np.column_stack([truth, 1 - truth])[test],
}
for name, q in p.items():
    print(f"{name:21} test log loss {log_loss(y[test], q):.3f}")

# %%
# What the network has learnt, against the truth (dotted). The dots at the left are its
# answers where the income is blank: with a gap, a default is more likely than the typical
# income would suggest. "Aachen" was never seen in training; it is treated like the rare one.

grid = np.geomspace(4000, 120000, 200)
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for i, (name, shift) in enumerate({"Bonn": 0.0, "Kiel": 1.0, "Ulm": -1.5, "Aachen": None}.items()):
    table = pd.DataFrame({"income": [*grid, np.nan], "town": name})
    q = classifier.predict_proba(table)[:, 0]
    ax.plot(grid, q[:-1], color=f"C{i}", label=name)
    ax.plot(3000, q[-1], "o", color=f"C{i}")
    if shift is not None:
        ax.plot(grid, 1 / (1 + np.exp(-(shift - 2 * (np.log(grid) - 10)))), ":", color=f"C{i}")
ax.set(xscale="log", xlabel="income (dots: blank)", ylabel="probability of default")
ax.legend()

# %%
# The encoder by itself: a scaled column, an indicator of the gap, the bins of the income,
# and one column for each level.

encoder = TableEncoder(n_bins=4).fit(X)
print(pd.DataFrame(encoder.transform(X), columns=encoder.get_feature_names_out()).head().round(2).T)
plt.show()
