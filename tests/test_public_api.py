"""What users may rely on: names, documentation, types, and what importing costs."""

import importlib
import inspect
import re
import subprocess
import sys
from importlib import metadata, resources

import pytest

import skxent
from skxent import losses

PUBLIC = {
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
}
INTEGRATIONS = {"dask", "datasets", "onnx"}  # modules that are there once a user imports them
PUBLIC_LOSSES = {
    "binary_cross_entropy",
    "cross_entropy",
    "log_softmax",
    "sigmoid",
    "softmax",
    "squared_error",
}


def public_objects():
    """Dotted names of everything public: classes, their methods, functions."""
    for name in sorted(PUBLIC - {"losses"}):
        yield f"skxent.{name}"
        cls = getattr(skxent, name, None)
        for method, value in vars(cls).items() if cls else ():
            if not method.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                yield f"skxent.{name}.{method}"
    for name in ("SoftmaxMLPClassifier", "SigmoidMLPClassifier"):
        for method in (
            "fit",
            "partial_fit",
            "predict",
            "predict_proba",
            "predict_log_proba",
            "decision_function",
            "summary",
        ):
            yield f"skxent.{name}.{method}"
    for name in sorted(PUBLIC_LOSSES):
        yield f"skxent.losses.{name}"
    yield "skxent.datasets.load_adult"
    yield "skxent.dask.DaskSoftmaxMLPClassifier"
    for method in (
        "fit",
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "score",
        "to_local",
        "client_",
    ):
        yield f"skxent.dask.DaskSoftmaxMLPClassifier.{method}"


def test_public_names():
    assert set(skxent.__all__) == PUBLIC
    assert list(skxent.__all__) == sorted(skxent.__all__)
    assert set(losses.__all__) == PUBLIC_LOSSES
    for name in PUBLIC:
        assert hasattr(skxent, name)


def test_nothing_else_looks_public():
    """Modules of the package are private, all but losses and the integrations."""
    modules = {
        name
        for name, value in vars(skxent).items()
        if inspect.ismodule(value) and not name.startswith("_")
    }
    assert modules - INTEGRATIONS == {"losses"}
    others = {
        name
        for name, value in vars(skxent).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert others == PUBLIC - {"losses"}


def test_public_classes_live_in_the_package_itself():
    for name in PUBLIC - {"losses"}:
        if inspect.isclass(getattr(skxent, name)) and not name.endswith("Display"):
            assert getattr(skxent, name).__module__ == "skxent"


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(dev|a|b|rc)\d+)?", skxent.__version__)
    assert metadata.version("skxent") == skxent.__version__


def test_types_are_published():
    assert resources.files("skxent").joinpath("py.typed").is_file()


# Sections and sentences that numpydoc would like and these objects have no use for
NUMPYDOC_IGNORED = {
    "ES01",  # extended summary
    "EX01",  # examples, of a method
    "SA01",  # see also
    "GL01",  # where the text starts
    "GL02",
    "GL03",  # blank lines
    "GL08",  # checked below, with a better message
    "RT02",  # the name of what is returned
    "RT03",  # a sentence for "self"
    "SS05",  # takes nouns that end in s for verbs
    "SA04",
    "PR06",
    "SS06",  # a summary of one line
    "YD01",
}


@pytest.mark.parametrize("name", sorted(set(public_objects())))
def test_documentation(name):
    validate = pytest.importorskip("numpydoc.validate")
    module, _, rest = name.removeprefix("skxent.").partition(".")
    assert module
    target = importlib.import_module("skxent")
    importlib.import_module("skxent.dask")
    importlib.import_module("skxent.datasets")
    for part in name.split(".")[1:]:
        target = getattr(target, part)
    assert inspect.getdoc(target), f"{name} has no docstring"
    result = validate.validate(name)
    errors = [f"{code}: {text}" for code, text in result["errors"] if code not in NUMPYDOC_IGNORED]
    assert not errors, "\n".join([name, *errors])


@pytest.mark.parametrize("name", ["SoftmaxMLPClassifier", "SigmoidMLPClassifier", "TableEncoder"])
def test_every_parameter_and_attribute_is_documented(name):
    docscrape = pytest.importorskip("numpydoc.docscrape")
    cls = getattr(skxent, name)
    document = docscrape.ClassDoc(cls)
    documented = {
        part.strip() for parameter in document["Parameters"] for part in parameter.name.split(",")
    }
    assert documented == set(cls().get_params())
    if name != "TableEncoder":
        attributes = {
            part.strip() for entry in document["Attributes"] for part in entry.name.split(",")
        }
        fitted = cls(solver="lbfgs", hidden_layer_sizes=2, max_iter=1000).fit(
            [[0.0], [1.0], [2.0], [3.0]] * 5, [0, 0, 1, 1] * 5
        )
        public = {
            attribute
            for attribute in dir(fitted)
            if attribute.endswith("_") and not attribute.startswith("_")
        }
        assert public - attributes == set()


def test_both_classifiers_have_the_same_parameters():
    one = inspect.signature(skxent.SoftmaxMLPClassifier).parameters
    other = inspect.signature(skxent.SigmoidMLPClassifier).parameters
    assert list(one) == list(other)
    assert {name: p.default for name, p in one.items()} == {
        name: p.default for name, p in other.items()
    }


@pytest.mark.parametrize("name", ["SoftmaxMLPClassifier", "SigmoidMLPClassifier"])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "predict_proba", "score"])
def test_public_methods_have_signatures(name, method):
    assert inspect.signature(getattr(getattr(skxent, name)(), method)).parameters


def run_in_a_fresh_interpreter(code):
    """What it prints, which is nothing but what is asked for."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


IMPORT = """
import sys, time
start = time.process_time()
import sklearn
scikit_learn = time.process_time()
before = set(sys.modules)
import skxent
print(scikit_learn - start, time.process_time() - scikit_learn, *sorted(set(sys.modules) - before))
"""


def test_import(record_property):
    """Optional and costly packages stay where they are. Times are reported (-rP), not judged."""
    scikit_learn, ours, *loaded = run_in_a_fresh_interpreter(IMPORT).split()
    assert "skxent" in loaded
    optional = {"pandas", "polars", "matplotlib", "onnx", "skl2onnx", "dask", "torch"}
    costly = {"sklearn.metrics", "sklearn.model_selection", "sklearn.linear_model"}
    assert not (optional | costly) & set(loaded)
    record_property("import_skxent_seconds", float(ours))
    record_property("import_scikit_learn_seconds", float(scikit_learn))
    print(f"import sklearn: {scikit_learn} s of CPU; skxent after it: {ours} s")


def test_examples_in_docstrings():
    import doctest

    pytest.importorskip("pandas")
    for module in (
        "skxent._attributions",
        "skxent._classifier",
        "skxent._table",
        "skxent._display",
        "skxent._distill",
        "skxent._search",
        "skxent._uncertainty",
        "skxent.losses",
    ):
        result = doctest.testmod(
            importlib.import_module(module),
            optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
        )
        assert result.failed == 0, module


def test_without_docstrings_and_assertions():
    """``python -OO`` strips both."""
    pytest.importorskip("dask"), pytest.importorskip("onnx")
    program = "import skxent, skxent.dask, skxent.onnx; assert False; print(skxent.__doc__)"
    command = [sys.executable, "-OO", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "None\n"), run.stderr
