"""Distributions of the settings that are worth searching, around what "auto" resolves to."""

from __future__ import annotations

from typing import Any


def search_space(prefix: str = "") -> dict[str, Any]:
    """Give the settings worth searching, with the distribution of each around its default.

    For :class:`~sklearn.model_selection.RandomizedSearchCV` and
    :class:`~sklearn.model_selection.HalvingRandomSearchCV`. The solver is left at "auto": naming
    one would turn every other "auto" into scikit-learn's default. What is not in the space (the
    number of members, early stopping, the schedule, calibration) is best left as it is: more
    members are always better, and the rest depends on these.

    Parameters
    ----------
    prefix : str, default=""
        Which step of a pipeline the classifier is, ``"mlp"`` or ``"outer__mlp"``: names become
        ``"mlp__alpha"`` and so on, as ``set_params`` has them.

    Returns
    -------
    space : dict
        Names of parameters, and for each a list of choices or a frozen distribution of
        :mod:`scipy.stats`: hidden_layer_sizes, activation, alpha, batch_size, learning_rate_init,
        dropout and weight_decay. A new dictionary at each call; change it as you like.

    Raises
    ------
    TypeError
        If prefix is no text.
    ValueError
        If prefix ends with the underscores, which are put between by itself.

    See Also
    --------
    SoftmaxMLPClassifier : For the meaning of each setting, and its default.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from skxent import SoftmaxMLPClassifier, search_space
    >>> X, y = load_iris(return_X_y=True)
    >>> search = RandomizedSearchCV(
    ...     SoftmaxMLPClassifier(n_members=2, random_state=0),
    ...     search_space(),
    ...     n_iter=2,
    ...     cv=2,
    ...     scoring="neg_log_loss",
    ...     random_state=0,
    ... ).fit(X, y)
    >>> sorted(search.best_params_)[:3]
    ['activation', 'alpha', 'batch_size']
    >>> sorted(search_space(prefix="mlp"))[:3]
    ['mlp__activation', 'mlp__alpha', 'mlp__batch_size']
    """
    if not isinstance(prefix, str):
        raise TypeError(f"prefix must be the name of a step, a text, got {prefix!r}.")
    if prefix.endswith("__"):
        raise ValueError(
            f"prefix must be the name of a step without the underscores, got {prefix!r}: give "
            f"{prefix.rstrip('_')!r}."
        )
    from scipy.stats import loguniform, uniform  # takes longer to import than all of skxent

    space = {
        "hidden_layer_sizes": [
            (64,),
            (128,),
            (256,),
            (64, 64),
            (128, 128),
            (256, 256),
            (128, 128, 128),
        ],
        "activation": ["relu", "gelu", "silu", "mish", "tanh"],
        "alpha": loguniform(0.1, 20.0),
        "batch_size": ["auto", 32, 64, 128],
        "learning_rate_init": loguniform(1e-3, 1e-2),
        "dropout": uniform(0.0, 0.45),
        "weight_decay": loguniform(1e-3, 0.2),
    }
    return {f"{prefix}__{name}": values for name, values in space.items()} if prefix else space
