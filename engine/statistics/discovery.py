"""Many tests at once: the false discovery rate (Benjamini and Hochberg 1995, J. R. Statist. Soc. B 57, p. 289)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 0.10  # the share of false ones that is put up with among what is called significant


def q_values(p: NDArray[np.float64], family: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each p, the lowest rate at which it would be called significant among the tests of its family.

    family: which of the tests belong together, 0, 1, …. NaN is no test: it counts for nothing and stays NaN.
    """
    q = np.full(len(p), np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    if not len(tests):
        return q
    # A row a family, by falling p, so that a running minimum goes from the largest p to the smallest.
    order = tests[np.lexsort((-p[tests], family[tests]))]
    _, starts, row, sizes = np.unique(family[order], return_index=True, return_inverse=True, return_counts=True)
    place = np.arange(len(order)) - starts[row]
    table = np.full((len(sizes), sizes.max()), np.inf)
    table[row, place] = p[order] * sizes[row] / (sizes[row] - place)
    q[order] = np.minimum.accumulate(table, axis=1)[row, place]
    return q
