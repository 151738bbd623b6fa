"""Tests of the order in which mini-batch descent goes through the rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from skxent._kernels import set_simd_level, simd_level
from skxent._solvers import _STRETCH, _orders
from skxent._threads import one_blas_thread


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("subset", [True, False])
@pytest.mark.parametrize("n_rows", [1, 100, 2 * _STRETCH + 300, 3 * _STRETCH + 1])
def test_every_row_comes_once_an_epoch(n_rows, subset, shuffle):
    rows = np.arange(0, 2 * n_rows, 2) if subset else None
    objective = SimpleNamespace(n_rows=n_rows, rows=rows)
    generator = np.random.Generator(np.random.SFC64(0))
    batch_size = 100
    parts = list(_orders(objective, batch_size, generator, shuffle))
    parts = [np.arange(n_rows) if part is None else part for part in parts]
    assert all(len(part) % batch_size == 0 for part in parts[:-1])  # only the last batch is short
    order = np.concatenate(parts)
    expected = np.arange(n_rows) * (2 if subset else 1)
    np.testing.assert_array_equal(np.sort(order), expected)
    if shuffle and n_rows > 1:
        # far from sorted, also between the stretches of a large table
        assert abs(np.corrcoef(order, np.arange(n_rows))[0, 1]) < (0.3 if n_rows == 100 else 0.1)
    else:
        np.testing.assert_array_equal(order, expected)


def test_the_blas_keeps_to_one_thread_where_it_makes_the_products():
    from threadpoolctl import threadpool_info

    def threads():
        return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

    before, level = threads(), simd_level()
    set_simd_level("blas")
    try:
        with one_blas_thread():
            assert threads() == {1}
    finally:
        set_simd_level(level)
    assert threads() == before
