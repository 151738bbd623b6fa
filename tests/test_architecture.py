"""The rules of the house, read from its sources: who imports whom, and how long things are.

Each rule takes the folder of a package and returns what breaks it, a text each. The house itself
must break none, and little packages that break one each show that every rule can fail.
"""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import skxent

HOUSE = Path(skxent.__file__).parent

LONGEST_FUNCTION, LONGEST_FILE = 60, 500  # lines

# what everything may stand on: these import nothing but each other
FOUNDATIONS = {
    *("_columns", "_compat", "_docstrings", "_outputs", "_persistence", "_settings", "_version"),
    *("_products", "_threads", "_weights"),
}
FACES = {"dask", "datasets", "onnx"}  # other packages' users import them, nobody in the house does


# ---------------------------------------------------------------- reading


class Module(NamedTuple):
    """A source file in Python; its name is without the package's own, which is "" then."""

    path: Path
    where: str  # for people
    name: str
    tree: ast.Module

    @property
    def room(self):
        """The folder it is in, or the module itself on the top floor."""
        return self.name.partition(".")[0]

    @property
    def package(self):
        """Parts of the name of the folder it is in."""
        parts = self.name.split(".") if self.name else []
        return parts if self.path.stem == "__init__" else parts[:-1]


class Import(NamedTuple):
    """One name that is imported: from which module of the house, or else from where."""

    line: int
    inside: bool  # of the house
    module: str
    name: str | None

    @property
    def room(self):
        return self.module.partition(".")[0]


@cache
def modules(root):
    """All modules of a package by name, also the stubs of what is compiled."""
    found = {}
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.pyi")]):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[name] = Module(path, path.relative_to(root).as_posix(), name, tree)
    return found


def inside(root, module):
    """The modules of a room."""
    return [found for found in modules(root).values() if found.room == module]


def imports(root, module):
    """Yield all imports of a module, those within functions too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top, _, rest = alias.name.partition(".")
                own = top == root.name
                yield Import(node.lineno, own, rest if own else alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            own = node.level > 0 or parts[0] == root.name
            if node.level:
                parts = module.package[: len(module.package) - node.level + 1] + parts
            elif own:
                parts = parts[1:]
            for alias in node.names:
                submodule = ".".join([*parts, alias.name])
                if own and submodule in modules(root):
                    yield Import(node.lineno, True, submodule, None)
                else:
                    yield Import(node.lineno, own, ".".join(parts), alias.name)


def own_imports(root, module):
    return [each for each in imports(root, module) if each.inside]


# ---------------------------------------------------------------- the rules: who imports whom


def kernels_import_nothing(root):
    """_kernels imports nothing of the house."""
    found = [
        f"{module.where}:{each.line} imports {each.module}"
        for module in inside(root, "_kernels")
        for each in own_imports(root, module)
        if each.room != "_kernels"
    ]
    outward = re.compile(rf"\s*(from|c?import)\s+(\.\.|{root.name}\b(?!\._kernels))")
    for path in sorted([*root.rglob("_kernels/**/*.pyx"), *root.rglob("_kernels/**/*.pxd")]):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if outward.match(line):
                found.append(f"{path.relative_to(root).as_posix()}:{number} {line.strip()}")
    return found


def training_knows_no_table_and_no_estimator(root):
    """_training: no table, no estimator; of the top floor settings, outputs, products, versions."""
    allowed = {"_training", "_kernels", "_settings", "_outputs", "_products", "_compat"}
    return [
        f"{module.where}:{each.line} imports {each.module}"
        for module in inside(root, "_training")
        for each in imports(root, module)
        if (each.room not in allowed if each.inside else is_sklearn_base(each))
    ]


def is_sklearn_base(each):
    return each.module.startswith("sklearn.base") or (each.module, each.name) == ("sklearn", "base")


def table_knows_no_training(root):
    """_table: never _training or _settings; of _kernels what reads tables, each in one place."""
    found = []
    for module in inside(root, "_table"):
        for each in own_imports(root, module):
            reads = (module.name, each.name) in OF_KERNELS
            allowed = {"_table", *FOUNDATIONS} - {"_settings"}
            if each.room not in allowed and not (each.module == "_kernels" and reads):
                found.append(f"{module.where}:{each.line} imports {each.module}.{each.name}")
    return found


OF_KERNELS = {("_table.compact", "Inputs"), ("_table.numbers", "NumberReader")}


def foundations_import_nothing_above(root):
    """What everything stands on imports nothing but what it stands on itself."""
    return [
        f"{module.where}:{each.line} imports {each.module}"
        for module in modules(root).values()
        if module.name in FOUNDATIONS
        for each in own_imports(root, module)
        if each.module not in FOUNDATIONS
    ]


def nobody_imports_the_faces(root):
    """Dask and ONNX are optional: the house does without."""
    return [
        f"{module.where}:{each.line} imports {each.module}"
        for module in modules(root).values()
        for each in own_imports(root, module)
        if each.room in FACES - {module.room}
    ]


def no_circles(root):
    """No module imports itself by way of others, within functions neither."""
    graph = {
        module.name: {each.module for each in own_imports(root, module)} - {module.name}
        for module in modules(root).values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(name or root.name for name in error.args[1])]
    return []


def private_names_of_sklearn_are_in_compat(root):
    """What scikit-learn may change without a word is imported in one place."""
    return [
        f"{module.where}:{each.line} imports {each.module}.{each.name or ''}"
        for module in modules(root).values()
        if module.name != "_compat"
        for each in imports(root, module)
        if not each.inside and each.module.partition(".")[0] == "sklearn"
        if any(is_private(part) for part in [*each.module.split("."), each.name or ""])
    ]


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


# ---------------------------------------------------------------- the rules: what a line may touch


def faces_touch_nothing_private(root):
    """dask and onnx read public fields: never `x._name`, but of themselves and their bases."""
    found = []
    for module in modules(root).values():
        if module.room not in FACES:
            continue
        classes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
        own = {"self", "cls", "super()"} | {ast.unparse(b) for c in classes for b in c.bases}
        for node in ast.walk(module.tree):
            owner, name = attribute_touched(node)
            if is_private(name) and owner not in own:
                found.append(f"{module.where}:{node.lineno} touches {owner}.{name}")
        for each in own_imports(root, module):
            if each.room != module.room and is_private(each.name or ""):
                found.append(f"{module.where}:{each.line} imports {each.name}")
    return found


def attribute_touched(node):
    """What an expression reads or writes an attribute of, and which; ("", "") if it does not."""
    if isinstance(node, ast.Attribute):
        return ast.unparse(node.value), node.attr
    if isinstance(node, ast.Call) and ast.unparse(node.func) in BY_NAME and len(node.args) > 1:
        owner, name = node.args[:2]
        if isinstance(name, ast.Constant):
            return ast.unparse(owner), str(name.value)
    return "", ""


BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def frozen_values_stay(root):
    """Nothing gets around a frozen value to change it, once it is made."""
    found = []
    for module in modules(root).values():
        making = {
            id(node)
            for made in ast.walk(module.tree)
            if isinstance(made, ast.FunctionDef) and made.name == "__post_init__"
            for node in ast.walk(made)
        }
        for node in ast.walk(module.tree):
            if ast_name(node) in ("object.__setattr__", "object.__delattr__"):
                if id(node) not in making:
                    found.append(f"{module.where}:{node.lineno} calls {ast_name(node)}")
    return found


def products_wake_no_blas(root):
    """What runs beside members, and what looks at all rows, leaves the BLAS asleep."""
    found = []
    for module in modules(root).values():
        if module.room not in {"_training", "_table", "_model"}:
            continue
        for node in ast.walk(module.tree):
            if isinstance(getattr(node, "op", None), ast.MatMult) or ast_name(node) in OF_BLAS:
                found.append(f"{module.where}:{node.lineno} {ast.unparse(node)}")
    return found


OF_BLAS = {f"np.{name}" for name in ("dot", "vdot", "inner", "matmul", "tensordot")}


def ast_name(node):
    """The dotted name of an attribute of a name, else None."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def booleans_across_modules_are_named(root):
    """A True or False that another module is given has a name."""
    found = []
    for module in modules(root).values():
        names = {each.name or each.module.split(".")[-1] for each in own_imports(root, module)}
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            if isinstance(called, ast.Name) and called.id in names:
                if any(isinstance(arg, ast.Constant) and isinstance(arg.value, bool)
                       for arg in node.args):  # fmt: skip
                    found.append(f"{module.where}:{node.lineno} {ast.unparse(node)}")
    return found


# ---------------------------------------------------------------- the rules: words and lengths


def modules_open_with_a_sentence(root):
    """A module opens with one sentence that says what it is for."""
    found = []
    for module in modules(root).values():
        if module.path.suffix != ".py":
            continue
        paragraph = " ".join((ast.get_docstring(module.tree) or "").split("\n\n")[0].split())
        if not paragraph.endswith(".") or re.search(r"[.!?] +[A-Z]", paragraph):
            found.append(f"{module.where} opens with {paragraph!r}")
    return found


def functions_are_short(root):
    """A function is read at one look; an __init__ that only keeps its parameters is a list."""
    found = []
    for module in modules(root).values():
        for node in ast.walk(module.tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            n_lines = node.end_lineno - node.lineno + 1 - docstring_lines(node)
            if n_lines > LONGEST_FUNCTION and not keeps_parameters(node):
                found.append(f"{module.where}:{node.lineno} {node.name} has {n_lines} lines")
    return found


def docstring_lines(node):
    """Lines of a definition that are its docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return node.body[0].end_lineno - node.body[0].lineno + 1


def keeps_parameters(node):
    """Whether a function is nothing but `self.x = x` for each parameter, as in scikit-learn."""
    return all(
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Name)
        and ast.unparse(statement.targets) == f"self.{statement.value.id}"
        for statement in node.body
    )


def files_are_short(root):
    """A file has one purpose; the documentation of public classes is not counted."""
    found = []
    for path in sorted(each for each in root.rglob("*") if each.suffix in SOURCES):
        if path.suffix == ".c" and path.with_suffix(".pyx").exists():
            continue  # made by Cython
        text = path.read_text(encoding="utf-8")
        n_lines = len(text.splitlines())
        if path.suffix == ".py":
            n_lines -= sum(
                docstring_lines(node)
                for public in ast.parse(text).body
                if isinstance(public, ast.ClassDef) and not is_private(public.name)
                for node in [public, *public.body]
                if isinstance(node, (ast.ClassDef, ast.FunctionDef))
            )
        if n_lines > LONGEST_FILE:
            found.append(f"{path.relative_to(root).as_posix()} has {n_lines} lines")
    return found


SOURCES = {".py", ".pyi", ".pyx", ".pxd", ".c", ".h"}

RULES = [
    kernels_import_nothing,
    training_knows_no_table_and_no_estimator,
    table_knows_no_training,
    foundations_import_nothing_above,
    nobody_imports_the_faces,
    no_circles,
    private_names_of_sklearn_are_in_compat,
    faces_touch_nothing_private,
    frozen_values_stay,
    products_wake_no_blas,
    booleans_across_modules_are_named,
    modules_open_with_a_sentence,
    functions_are_short,
    files_are_short,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house(rule):
    assert rule(HOUSE) == []


# ---------------------------------------------------------------- rules can fail

SOUND = {
    "__init__.py": "from ._classifier import Classifier\nfrom ._version import __version__",
    "_version.py": "__version__ = '1'",
    "_compat.py": "from sklearn.base import _fit_context\nfrom sklearn.utils._tags import Tags",
    "_settings.py": "from ._outputs import Outputs",
    "_outputs.py": "class Outputs:\n    pass",
    "_persistence.py": "from ._version import __version__",
    "_classifier.py": "from ._compat import _fit_context\nfrom ._table.compact import Rows\n"
    "from ._training.train import train\ndef fit(): return train(Rows(), fast=True)\n"
    "class Classifier:\n    pass",
    "_kernels/__init__.py": "from ._core import Inputs",
    "_kernels/_core.pyi": "class Inputs:\n    pass",
    "_kernels/_core.pyx": '"""The kernel."""\nfrom libc.math cimport exp\n',
    "_table/__init__.py": "",
    "_table/compact.py": "from .._kernels import Inputs\nclass Rows:\n    pass",
    "_training/__init__.py": "",
    "_training/train.py": "from .. import _settings\nfrom .._kernels import Inputs, Kernel\n"
    "from sklearn.exceptions import ConvergenceWarning\ndef train(rows, fast): pass",
    "dask/__init__.py": "from ._rows import Rows",
    "dask/_rows.py": "from dask import delayed\nfrom .._table import compact\n"
    "class Rows(compact.Rows):\n    _rows = compact.Rows._rows\n"
    "    def read(self):\n        return self._rows, super()._rows, getattr(self, '_n')",
}


def written(files, folder):
    """A package of these files, each with a sentence to open with unless it brings one."""
    root = folder / "house"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = text.startswith('"""') or path.suffix not in (".py", ".pyi")
        path.write_text(text if opened else f'"""One sentence."""\n{text}\n')
    return root


def long_function(n_lines, name="f"):
    return f'def {name}(a):\n    """\n{"    long" * 99}\n    """\n' + "    a += 1\n" * (n_lines - 1)


BROKEN = [
    (kernels_import_nothing, "_kernels/more.py", "from .._version import __version__"),
    (kernels_import_nothing, "_kernels/more.py", "import house._outputs"),
    (kernels_import_nothing, "_kernels/more.pyx", "from .. import _outputs"),
    (kernels_import_nothing, "_kernels/more.pyx", "def f():\n    import house._outputs"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "from .._table import compact"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "from .. import _classifier"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "import house._version"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "from sklearn.base import a"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "from sklearn import base"),
    (training_knows_no_table_and_no_estimator, "_training/more.py", "import sklearn.base"),
    (training_knows_no_table_and_no_estimator, "_training/more.py",
     "def f():\n    from house._table.compact import Rows"),
    (table_knows_no_training, "_table/more.py", "from .._training.train import train"),
    (table_knows_no_training, "_table/more.py", "from .._settings import Outputs"),
    (table_knows_no_training, "_table/more.py", "from .._kernels import Inputs"),
    (table_knows_no_training, "_table/compact.py", "from .._kernels import Inputs, Kernel"),
    (table_knows_no_training, "_table/compact.py", "from .. import _kernels"),
    (foundations_import_nothing_above, "_outputs.py", "from ._kernels import Inputs"),
    (foundations_import_nothing_above, "_columns.py", "from ._table import compact"),
    (foundations_import_nothing_above, "_weights.py", "def f():\n    from . import _training"),
    (nobody_imports_the_faces, "_classifier.py", "from .dask import Rows"),
    (nobody_imports_the_faces, "_classifier.py", "def f():\n    import house.dask._rows"),
    (no_circles, "_version.py", "from . import __version__"),
    (no_circles, "_training/more.py", "def f():\n    from .even_more import g"),
    (private_names_of_sklearn_are_in_compat, "more.py", "from sklearn.utils import _safe_indexing"),
    (private_names_of_sklearn_are_in_compat, "more.py", "from sklearn.utils._tags import Tags"),
    (private_names_of_sklearn_are_in_compat, "more.py", "import sklearn.utils._tags"),
    (faces_touch_nothing_private, "onnx.py", "def f(model):\n    return model._params"),
    (faces_touch_nothing_private, "onnx.py", "def f(model):\n    model.encoder._params = 1"),
    (faces_touch_nothing_private, "dask/more.py", "class A:\n    x = other()._params"),
    (faces_touch_nothing_private, "dask/more.py", "def f(x):\n    return getattr(x, '_params')"),
    (faces_touch_nothing_private, "dask/more.py", "from .._outputs import _positive"),
    (frozen_values_stay, "more.py", "def f(x):\n    object.__setattr__(x, 'a', 1)"),
    (products_wake_no_blas, "_training/more.py", "def f(a, b):\n    return a @ b"),
    (products_wake_no_blas, "_table/more.py", "import numpy as np\nx = np.vdot(1, 2)"),
    (booleans_across_modules_are_named, "more.py",
     "from ._training.train import train\ntrain([], True)"),
    (booleans_across_modules_are_named, "more.py",
     "from ._training import train\ntrain.train([], False)"),
    (modules_open_with_a_sentence, "more.py", '"""No full stop"""'),
    (modules_open_with_a_sentence, "more.py", '"""One. And another."""'),
    (modules_open_with_a_sentence, "dask/more.py", '"""\n"""\nx = 1'),
    (functions_are_short, "more.py", long_function(61)),
    (functions_are_short, "more.py", "class A:\n    def f(a):\n" + "        a += 1\n" * 60),
    (files_are_short, "more.py", "x = 1\n" * 500),
    (files_are_short, "more.py", f'class _A:\n    """{"x" + chr(10) * 500}"""'),
    (files_are_short, "_kernels/c/more.h", "int x;\n" * 501),
    (files_are_short, "_kernels/c/more.c", "int x;\n" * 501),
    (files_are_short, "_kernels/more.pyx", "x = 1\n" * 501),
]  # fmt: skip


def test_every_rule_can_fail():
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_what_breaks_a_rule_is_reported(number, tmp_path):
    rule, name, text = BROKEN[number]
    other = {"_training/even_more.py": "from .more import f\ndef g(): f()"}
    found = rule(written(SOUND | other | {name: text}, tmp_path))
    assert len(found) == 1
    assert name.removesuffix(".py").split("/")[-1] in found[0] or rule is no_circles


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_breaks_no_rule_is_not_reported(rule, tmp_path):
    within_bounds = {
        "more.py": long_function(60) + "x = 1\n" * 200,
        "face.py": f'class A:\n    """{"x" + chr(10) * 900}"""',
        "frozen.py": "class A:\n    def __post_init__(self):\n"
        "        object.__setattr__(self, 'a', 1)",
        "parameters.py": "class A:\n    def __init__(self):\n" + "        self.a = a\n" * 99,
        "_kernels/_core.c": "int made_by_cython;\n" * 9000,
        "_kernels/c/more.h": "int x;\n" * 500,
    }
    assert rule(written(SOUND | within_bounds, tmp_path)) == []
