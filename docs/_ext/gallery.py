"""The gallery: its order, and that an example which warns fails, as a test that warns does."""

import warnings

from sphinx_gallery.sorting import FileNameSortKey

# within the groups, which are folders, in the order of the user guide
ORDER = """
    first_fit decision_boundary grid_search
    missing_and_categories explaining_a_table explaining_a_row calibration uncertainty
    class_weights multilabel
    early_stopping callback solver_paths bad_start digits_weights
    softmax iris_network cross_entropy_and_squared_error learning_slowdown bias_descent
    backpropagation
""".split()

_entered = []


class TeachingOrder(FileNameSortKey):
    """Examples in the order above; what is not named there comes last."""

    def __call__(self, filename):
        """Return the place of an example."""
        name = filename.removeprefix("plot_").removesuffix(".py")
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def warnings_are_errors(gallery_conf, fname, when):
    """Turn warnings into errors before an example, and back to what they were after it."""
    if when == "before":
        _entered.append(warnings.catch_warnings())
        _entered[-1].__enter__()
        warnings.simplefilter("error")
    elif _entered:
        _entered.pop().__exit__(None, None, None)
