"""
A first fit, on a table with text and gaps
==========================================

From a table to probabilities in one line, beside gradient boosting and scikit-learn's own
network. The table is a sample of a census: 6,000 people, and who of them earns more than
50,000 dollars.
"""

# %%
# Numbers, two of which are mostly 0, texts with up to 39 levels, and gaps among the texts.

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skxent import LossCurveDisplay, SoftmaxMLPClassifier
from skxent.datasets import load_adult

X, y = load_adult(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=2000, stratify=y, random_state=0
)
columns = ["age", "workclass", "education", "occupation", "capital_gain", "hours_per_week"]
print(X_train[columns].iloc[65:71].to_string())

# %%
# No scaler, no encoder, no choice of layers: the table goes in as it is.

classifier = SoftmaxMLPClassifier(random_state=0).fit(X_train, y_train)

# %%
# Beside others
# -------------
# Gradient boosting takes gaps and categories too, but wants to be told which columns these
# are, by their dtype. The network of scikit-learn wants every text as a column for each of its
# levels, and every number on one scale. It is stopped early; else it learns these rows by heart.

as_category = X.astype({name: "category" for name in X.select_dtypes(exclude="number")})
boosting = HistGradientBoostingClassifier(random_state=0)
boosting.fit(as_category.loc[X_train.index], y_train)

numbers = make_column_selector(dtype_include="number")
texts = make_column_selector(dtype_exclude="number")
plain = make_pipeline(
    make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
    ),
    MLPClassifier(early_stopping=True, random_state=0),
).fit(X_train, y_train)

# %%
# Log loss is the mean cross-entropy on rows that training has not seen: the probabilities are
# judged, and not only on which side of a half they are.

p = classifier.predict_proba(X_test)
for name, q in {
    "SoftmaxMLPClassifier": p,
    "HistGradientBoostingClassifier": boosting.predict_proba(as_category.loc[X_test.index]),
    "MLPClassifier, prepared by hand": plain.predict_proba(X_test),
}.items():
    right = classifier.classes_[q.argmax(axis=1)] == y_test
    print(f"{name:32} log loss {log_loss(y_test, q):.3f}   accuracy {right.mean():.3f}")

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
# What the probabilities say
# --------------------------
# Every row gets one. Of those at the right nearly all do earn more; the rows in the middle are
# the ones that the columns do not tell apart.

figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
ax.hist(
    [p[y_test == name, 1] for name in classifier.classes_],
    bins=20,
    range=(0, 1),
    stacked=True,
    label=[f"truly {name}" for name in classifier.classes_],
)
ax.set(xlabel="predicted probability of >50K", ylabel="test rows", ylim=(0, 250))
ax.legend()
plt.show()
