"""Sums of products that leave the BLAS's threads asleep."""

import numpy as np
import pytest

from skxent import _products
from skxent._products import dot


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 10_000, 10_001, 25_000])
def test_the_sum_of_products(n, dtype):
    rng = np.random.default_rng(n)
    a, b = (rng.normal(size=n).astype(dtype) for _ in range(2))
    expected = float(a.astype(float) @ b.astype(float))
    assert dot(a, b) == pytest.approx(expected, abs=1e-2 if dtype == np.float32 else 1e-9)
    assert type(dot(a, b)) is float


def test_no_product_is_of_more_numbers_than_one_thread_takes(monkeypatch):
    lengths, vdot = [], np.vdot

    def counted(a, b):
        lengths.append(len(a))
        return vdot(a, b)

    monkeypatch.setattr(_products.np, "vdot", counted)
    dot(np.ones(25_000), np.ones(25_000))
    assert lengths == [10_000, 10_000, 5_000]


def test_what_is_not_finite_stays_so():
    long = np.ones(20_001)
    long[-1] = np.inf
    assert dot(long, long) == np.inf
    long[0] = np.nan
    assert np.isnan(dot(long, long))
