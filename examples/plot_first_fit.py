"""
A first fit, on a DataFrame
===========================

From a table to probabilities in one line. The table is scikit-learn's breast cancer data:
569 tumours, 30 measurements on scales from thousandths to thousands, two classes.
"""

# %%
# No scaler, no encoder, no choice of layers: the table goes in as it is.

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import LossCurveDisplay, SoftmaxMLPClassifier

data = load_breast_cancer(as_frame=True)
X, y = data.data, data.target_names[data.target]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

classifier = SoftmaxMLPClassifier(random_state=0).fit(X_train, y_train)

# %%
# Probabilities, and how good they are. Log loss is the mean cross-entropy on rows that
# training has not seen; beside it, two things to compare with. These data are nearly linear,
# so a linear model is hard to beat here.

linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
share = (y_train == "malignant").mean()
constant = [[1 - share, share]] * len(y_test)

print(f"always the shares of the classes  {log_loss(y_test, constant):.3f}")
print(f"logistic regression, scaled       {log_loss(y_test, linear.predict_proba(X_test)):.3f}")
print(f"SoftmaxMLPClassifier              {log_loss(y_test, classifier.predict_proba(X_test)):.3f}")
print(f"its accuracy                      {classifier.score(X_test, y_test):.3f}")

# %%
# What was chosen, and why
# ------------------------

print(classifier.summary())

# %%
# How training went
# -----------------
# The solid line is the log loss of rows trained on, the dashed line that of rows held out, both
# without penalty and dropout; the weights are those of the marked epoch.

display = LossCurveDisplay.from_estimator(classifier)

# %%
# Every row gets a probability. Most are close to 0 or 1, and nearly all of these are right;
# the rows between are the ones to look at twice. One malignant tumour is given almost 0: a
# probability that is small is not a promise.

figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
p = classifier.predict_proba(X_test)[:, list(classifier.classes_).index("malignant")]
for name in classifier.classes_:
    ax.hist(p[y_test == name], bins=20, range=(0, 1), alpha=0.6, label=f"truly {name}")
ax.set(xlabel="predicted probability of malignant", ylabel="test rows", yscale="log", ylim=0.5)
ax.legend()
plt.show()
