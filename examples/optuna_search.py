"""Search the settings of skxent with Optuna: the same space, walked by what earlier trials found.

python examples/optuna_search.py [TRIALS]
"""

import sys

import optuna
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score

from skxent import SoftmaxMLPClassifier, search_space

X, y = load_wine(return_X_y=True)
space = search_space()


def suggest(trial):
    """One value of every setting: a choice from a list, or a number from a distribution."""
    settings = {}
    for name, values in space.items():
        if isinstance(values, list):
            settings[name] = values[trial.suggest_categorical(name, range(len(values)))]
        else:
            log = values.dist.name == "loguniform"
            settings[name] = trial.suggest_float(name, *map(float, values.support()), log=log)
    return settings


def log_loss(**settings):
    """Mean over three folds."""
    model = SoftmaxMLPClassifier(random_state=0, **settings)
    return -cross_val_score(model, X, y, scoring="neg_log_loss", cv=3).mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(lambda trial: log_loss(**suggest(trial)), int(*sys.argv[1:] or [30]))
print(f"log loss of the defaults {log_loss():.4f}")
print(f"log loss of the best of {len(study.trials)} trials {study.best_value:.4f}")
print(suggest(study.best_trial))
