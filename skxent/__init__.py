"""Neural-network classifiers for tables, compatible with scikit-learn."""

from . import losses
from ._classifier import SigmoidMLPClassifier, SoftmaxMLPClassifier
from ._display import LossCurveDisplay, NetworkDisplay
from ._encoding import TableEncoder
from ._search import search_space

__all__ = [
    "LossCurveDisplay",
    "NetworkDisplay",
    "SigmoidMLPClassifier",
    "SoftmaxMLPClassifier",
    "TableEncoder",
    "losses",
    "search_space",
]

__version__ = "0.1.0"

for _public in (SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder):
    _public.__module__ = "skxent"
del _public
