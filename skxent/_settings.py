"""Every parameter of one fit, none of them open: what "auto" means, as a table of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ._columns import dtype_of

# the names of the solvers, and what SciPy calls its own
SCIPY_METHODS = {"lbfgs": "L-BFGS-B", "bfgs": "BFGS", "cg": "CG", "tnc": "TNC"}
FULL_BATCH = (*SCIPY_METHODS, "gradient_descent")
MINI_BATCH = ("sgd", "adam", "adamw")

# with a named solver every "auto" is scikit-learn's MLPClassifier default
CLASSIC: dict[str, Any] = {
    "hidden_layer_sizes": (100,),
    "alpha": 1e-4,
    "batch_size": 200,
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "max_iter": 200,
    "early_stopping": False,
    "beta_2": 0.999,
    "n_iter_no_change": 10,
    "init": "glorot_uniform",
    "dropout": 0.0,
    "weight_decay": 0.0,
    "averaging": 0.0,
    "n_members": 1,
    "calibration": None,
}

# who uses a parameter that not all solvers use
USERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["batch_size", "learning_rate", "shuffle", "dropout", "averaging"], MINI_BATCH),
    "max_grad_norm": MINI_BATCH,
    "learning_rate_init": (*MINI_BATCH, "gradient_descent"),
    **dict.fromkeys(["momentum", "nesterovs_momentum"], ("sgd",)),
    **dict.fromkeys(["beta_1", "beta_2", "epsilon"], ("adam", "adamw")),
    "weight_decay": ("adamw",),
    "max_fun": tuple(SCIPY_METHODS),
}

# ... and those whose use hangs on other parameters: on what, as people are told, and as a rule
CONDITIONS: dict[str, tuple[str, Callable[[Settings], bool]]] = {
    "power_t": ("learning_rate='invscaling'", lambda s: s.learning_rate == "invscaling"),
    "validation_fraction": (
        "early_stopping=True of one network, n_members=1",
        lambda s: s.early_stopping and s.n_members == 1,
    ),
    "scoring": ("early_stopping=True", lambda s: s.early_stopping),
}

SMALL = 60  # rows below which nothing is held out and every row counts
FEW = 1000  # rows below which there are no bins
# rows from where on training lasts as long as it pays, and half a committee may do
LARGE = 20_000
FOLDS = 8


@dataclass(frozen=True, eq=False)
class Settings:
    """The parameters of one fit, as the classifier documents them.

    `dtype` is what was given: "auto" follows the table, which is read later. `run_length` is the
    number of epochs that a schedule is made for: more than `max_iter` in partial_fit. With
    `n_folds`, so many are dealt, and the members may be half as many. `reasons` tell of every
    parameter that was open why it became what it is.
    """

    # the network and what it minimises
    hidden_layer_sizes: Any
    activation: Any
    init: Any
    loss: str
    alpha: float
    dropout: Any
    label_smoothing: float
    class_weight: Any
    dtype: str
    # how it is minimised
    solver: str
    batch_size: int
    learning_rate: str | Callable
    learning_rate_init: float
    power_t: float
    max_iter: int
    run_length: int
    max_fun: int
    max_time: float | None
    shuffle: bool
    tol: float
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    max_grad_norm: float | None
    averaging: float
    random_state: Any
    warm_start: bool
    n_jobs: int | None
    verbose: int
    # what is held out, and what for
    n_members: int
    n_folds: int | None
    early_stopping: bool
    n_iter_no_change: float
    validation_fraction: float
    scoring: Any
    cv: Any
    calibration: str | None
    # the table
    encoder: Any
    categorical_features: Any
    # which were open
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def full_batch(self) -> bool:
        """Whether every step sees all rows."""
        return self.solver in FULL_BATCH

    @property
    def auto(self) -> dict[str, Any]:
        """The solver, and what became of every parameter that was open."""
        return {"solver": self.solver} | {name: getattr(self, name) for name in self.reasons}

    @property
    def races(self) -> bool:
        """Whether what does best on rows held out is taken, of what was left open."""
        return self.is_open("solver") and self.early_stopping and not self.full_batch

    def is_open(self, name: str) -> bool:
        """Whether the parameter was left to "auto"."""
        return name in self.reasons

    def dtype_of(self, X: Any) -> str:
        """Return the precision for a table; "auto" is left where rows are passed through."""
        if self.dtype != "auto" or is_passthrough(self.encoder):
            return self.dtype
        batches = self.is_open("solver") and not self.full_batch
        return "float32" if batches or dtype_of(X) == np.float32 else "float64"


def is_passthrough(encoder: Any) -> bool:
    """Whether the network is to get rows as they are given."""
    return isinstance(encoder, str) and encoder == "passthrough"


def resolve(
    given: dict[str, Any],
    n_rows: int,
    *,
    incremental: bool = False,
    own_validation: bool = False,
    shape: tuple[int, list[int]] | None = None,
) -> Settings:
    """Fill in every "auto" of the parameters `given`, for a table of `n_rows`.

    With `incremental` the call is one of partial_fit; with `own_validation` it has rows to judge
    by; `shape`, the members and hidden sizes of networks to go on from, stays.
    """
    calibrated = given["calibration"] == "temperature" and not incremental
    solver, rules, whys = _rules(given["solver"], n_rows, incremental)
    reasons = {name: why for name, why in whys.items() if is_auto(given[name])}
    values = given | {name: rules[name] for name in reasons if name != "solver"}
    values["solver"] = solver
    if hasattr(values["cv"], "__next__"):  # it can be gone through once, and a race does so too
        values["cv"] = list(values["cv"])
    if (own_validation or given["cv"] is not None or calibrated) and "early_stopping" in reasons:
        values["early_stopping"] = True
        reasons["early_stopping"] = "cv, X_val or calibration='temperature' is given"
    if calibrated and not own_validation and not values["early_stopping"]:
        raise ValueError(
            "calibration='temperature' needs rows that are not trained on: set "
            "early_stopping=True, give X_val and y_val, or set calibration='auto'."
        )
    values["batch_size"] = max(min(values["batch_size"], n_rows), 1)
    if shape is not None:
        _keep_shape(values, reasons, given, shape)
    if incremental:
        values["early_stopping"] = False
        values["max_iter"] = 1
        if shape is None and is_auto(given["n_members"]):
            values["n_members"] = 1
    by_cv = given["cv"] is not None and values["early_stopping"] and not own_validation
    if by_cv and "n_members" in reasons and shape is None and values["n_members"] > 1:
        reasons["n_members"] = "one for every split of cv"
    dealt = is_auto(given["solver"]) and n_rows >= LARGE and "n_members" in reasons
    values["n_folds"] = FOLDS if dealt and given["cv"] is None and not incremental else None
    shared = incremental and not is_auto(given["max_iter"])
    values["run_length"] = given["max_iter"] if shared else values["max_iter"]
    return Settings(
        **{f.name: values[f.name] for f in fields(Settings) if f.name != "reasons"},
        reasons=reasons,
    )


def is_auto(value: Any) -> bool:
    """Return whether the value of a parameter is left to the table."""
    return isinstance(value, str) and value == "auto"


def _keep_shape(values, reasons, given, shape):
    """Let the shape of the network and its committee be those that training goes on from."""
    n_members, hidden = shape
    kept: dict[str, Any] = {"n_members": n_members}
    if isinstance(given["hidden_layer_sizes"], str):
        kept["hidden_layer_sizes"] = tuple(hidden)
    for name, value in kept.items():
        if values[name] != value and name in reasons:
            reasons[name] = "as it was, since training goes on"
    values.update(kept)


def _rules(solver, n_rows, incremental):
    """Return the solver, the value of every parameter that may be open, and the reason for each."""
    if solver != "auto":
        of_its_own = {
            "gradient_descent": {"learning_rate_init": 0.1},
            "adamw": {"weight_decay": 0.01},
        }
        reason = f"solver={solver!r} is named: scikit-learn's default"
        rules = CLASSIC | of_its_own.get(solver, {})
        return solver, rules, dict.fromkeys(rules, reason)
    if incremental:
        solver, reason = "adamw", "partial_fit: a constant rate, nothing held out"
        rules = CLASSIC | {"weight_decay": 0.01, "hidden_layer_sizes": (128, 128)}
    elif n_rows < SMALL:
        solver, reason = "lbfgs", f"fewer than {SMALL} rows: every row trains, full batch"
        rules = CLASSIC | {"alpha": 1.0, "hidden_layer_sizes": (32,)}
    else:
        reason = f"{n_rows} rows, {SMALL} or more: a committee over folds"
        recipe = table_recipe(n_rows)
        whys = {"solver": reason} | {name: why for name, (_, why) in recipe.items()}
        return "adamw", {name: value for name, (value, _) in recipe.items()}, whys
    return solver, rules, {"solver": reason} | dict.fromkeys(rules, reason)


def table_recipe(n_rows: int) -> dict[str, tuple[Any, str]]:
    """Return the rules of the committee for tables, by the number of rows, each with its reason."""
    few = n_rows < FEW
    recipe: dict[str, tuple[Any, str]] = {
        "hidden_layer_sizes": ((128, 128), "for tables of any size"),
        # bins are many more columns, that want more shrinkage
        "alpha": (1.0, f"fewer than {FEW} rows") if few else (3.0, f"{FEW} rows or more"),
        "batch_size": (
            256 if n_rows > 3000 else 64 if n_rows > 500 else 32,
            "32 up to 500 rows, 64 up to 3000, 256 above",
        ),
        "learning_rate": ("cosine", "up for 5 % of the run, then down to 0"),
        "learning_rate_init": (4e-3, "the top of that schedule"),
        "max_iter": (100, "the length of that schedule"),
        "early_stopping": (True, "every member is judged by rows of its own"),
        "beta_2": (0.99, "squared gradients are averaged over 100 steps"),
        "n_iter_no_change": (
            8 if n_rows > FEW else 15,
            f"15 epochs up to {FEW} rows, whose judgement is noisy, 8 above",
        ),
        "init": ("he_normal", "made for relu"),
        "dropout": (0.15, "of every hidden layer"),
        "weight_decay": (0.01, "AdamW's usual one"),
        "averaging": (0.99, "weights are averaged over 100 steps"),
        "n_members": (8, "the mean of eight networks"),
        "calibration": ("temperature", "by the rows that members were judged by"),
    }
    return recipe if n_rows < LARGE else recipe | _large_recipe()


def _large_recipe() -> dict[str, tuple[Any, str]]:
    """Return what is different where rows abound: training lasts as long as it pays."""
    many = f"{LARGE} rows or more"
    return {
        "learning_rate": (
            "inverse_sqrt",
            f"{many}: it needs no length, and ends when it pays no more",
        ),
        "learning_rate_init": (2.5e-3, "the top of that schedule"),
        "n_iter_no_change": (2, f"{many}: their judgement is sure"),
        "averaging": (0.998, f"{many}: weights are averaged over 500 steps"),
    }
