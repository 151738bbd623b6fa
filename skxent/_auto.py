"""What "auto" means: a table of rules from the data's size to every setting left open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

SMALL = 60  # rows below which nothing is held out and every row counts


@dataclass(frozen=True)
class Plan:
    """Every setting of one fit, none of them open, and why."""

    solver: str
    settings: dict[str, Any]
    reasons: dict[str, str]
    incremental: bool

    def __getattr__(self, name):
        try:
            return self.__dict__["settings"][name]
        except KeyError:
            raise AttributeError(name) from None


def resolve(
    given: dict[str, Any], n_rows: int, incremental: bool, needs_held_out: bool = False
) -> Plan:
    """Fill in every "auto" of the parameters `given`.

    With `needs_held_out`, early stopping is on unless it was switched off.
    """
    solver = given["solver"]
    whys: dict[str, str] = {}
    if solver != "auto":
        reason = f"solver={solver!r} is named: scikit-learn's default"
        of_its_own = {
            "gradient_descent": {"learning_rate_init": 0.1},
            "adamw": {"weight_decay": 0.01},
        }
        rules = CLASSIC | of_its_own.get(solver, {})
    elif incremental:
        solver, reason = "adamw", "partial_fit: a constant rate, nothing held out"
        rules = CLASSIC | {"weight_decay": 0.01, "hidden_layer_sizes": (128, 128)}
    elif n_rows < SMALL:
        solver, reason = "lbfgs", f"fewer than {SMALL} rows: every row trains, full batch"
        rules = CLASSIC | {"alpha": 1.0, "hidden_layer_sizes": (32,)}
    else:
        solver, reason = "adamw", f"{n_rows} rows, {SMALL} or more: a committee over folds"
        recipe = table_recipe(n_rows)
        rules = {name: value for name, (value, _) in recipe.items()}
        whys = {name: why for name, (_, why) in recipe.items()}
    reasons = {
        k: whys.get(k, reason) for k in rules if isinstance(given[k], str) and given[k] == "auto"
    }
    settings = {k: rules[k] if k in reasons else given[k] for k in rules}
    if given["solver"] == "auto":
        reasons, settings["solver"] = {"solver": reason} | reasons, solver
    if needs_held_out and "early_stopping" in reasons:
        settings["early_stopping"] = True
        reasons["early_stopping"] = "cv, X_val or calibration='temperature' is given"
    settings["batch_size"] = max(min(settings["batch_size"], n_rows), 1)
    return Plan(solver, settings, reasons, incremental)


def table_recipe(n_rows: int) -> dict[str, tuple[Any, str]]:
    """Return the rules of the committee for tables, by the number of rows, each with its reason."""
    few = n_rows < 1000
    return {
        "hidden_layer_sizes": ((128, 128), "for tables of any size"),
        # bins are many more columns, that want more shrinkage
        "alpha": (1.0, "fewer than 1000 rows") if few else (3.0, "1000 rows or more: bins"),
        "batch_size": (
            256 if n_rows > 3000 else 64 if n_rows > 500 else 32,
            "32 up to 500 rows, 64 up to 3000, 256 above",
        ),
        "learning_rate": ("cosine", "up for 5 % of the run, then down to 0"),
        "learning_rate_init": (4e-3, "the top of that schedule"),
        "max_iter": (60, "the length of that schedule"),
        "early_stopping": (True, "every member is judged by rows of its own"),
        "beta_2": (0.99, "squared gradients are averaged over 100 steps"),
        "n_iter_no_change": (
            8 if n_rows > 1000 else 15,
            "15 epochs up to 1000 rows, whose judgement is noisy, 8 above",
        ),
        "init": ("he_normal", "made for relu"),
        "dropout": (0.15, "of every hidden layer"),
        "weight_decay": (0.01, "AdamW's usual one"),
        "averaging": (0.99, "weights are averaged over 100 steps"),
        "n_members": (8, "the mean of eight networks"),
        "calibration": ("temperature", "by the rows that members were judged by"),
    }
