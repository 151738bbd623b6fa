"""Neural-network classifiers for tables, compatible with scikit-learn."""

from . import losses
from ._attributions import attributions
from ._classifier import SigmoidMLPClassifier, SoftmaxMLPClassifier
from ._display import LossCurveDisplay, NetworkDisplay
from ._distill import distill
from ._search import search_space
from ._show_versions import show_versions
from ._table import TableEncoder
from ._uncertainty import uncertainty
from ._version import __version__ as __version__

__all__ = [
    "LossCurveDisplay",
    "NetworkDisplay",
    "SigmoidMLPClassifier",
    "SoftmaxMLPClassifier",
    "TableEncoder",
    "attributions",
    "distill",
    "losses",
    "search_space",
    "show_versions",
    "uncertainty",
]

for _public in (SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder, distill):
    _public.__module__ = "skxent"
del _public
