"""The words worked out over whole blocks: Float64 [units, years] in and out, NaN where there is no figure.

Each comes with what its result may be off when a part may be off by its own ``half``: a bound, never too narrow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Fewer units with a figure than this, and no observation lies outside the percentiles: the extremes alone would
# decide the scale.
FEWEST_UNITS = 40
_DUST = 1e-12
_LOW, _HIGH = 25, 975  # thousandths: the 2.5th and 97.5th percentile


def ratio(above: Floats, below: Floats, scale: float) -> Floats:
    """``above`` through ``below``. By nothing, or by less than nothing, it has no meaning."""
    sound = below > 0
    return np.where(sound, above / np.where(sound, below, 1.0) * scale, np.nan)


def ratio_off(above: Floats, below: Floats, of_above: Floats, of_below: Floats, scale: float) -> Floats:
    """What a ratio may be off: (|a|·hb + b·ha) / (b·(b − hb)); NaN where there is none."""
    divisor = np.where(below > 0, below, np.nan)
    # A figure with more decimals than its KPI declares may be smaller than half a step; half of it is the limit.
    least = np.maximum(divisor - of_below, divisor / 2)
    off: Floats = (np.abs(above) * of_below + divisor * of_above) / (divisor * least) * scale
    return off


def total(parts: Floats) -> Floats:
    """[parts, units, years] -> their sum, in the order they are written."""
    summed: Floats = parts[0].copy()
    for part in parts[1:]:
        summed += part
    return summed


def normalised(parts: Floats, signs: Floats, off: Floats) -> tuple[Floats, Floats]:
    """[parts, units, years] -> 0 to 100 with 100 best, and what that may be off when parts are ``off`` (same shape).

    Per year: each part between its 2.5th and 97.5th percentile over the units that have it (inverse ECDF, so that
    the limits are figures that a unit has), put on 0 to 100; the unweighted mean for units that have all parts, put
    on 0 to 100 in the same way. The method of the resource, quality and efficiency indexes that RKA publishes
    in Kolada (descriptions of U11001 "Resursindex förskola", U11404 "Kvalitetsindex förskola" and U11901).
    """
    scaled, each = _scaled(parts * signs[:, None, None], off)
    result, whole = _scaled(total(scaled)[None] / len(scaled), total(each)[None] / len(each))
    return result[0], whole[0]


def _scaled(values: Floats, off: Floats) -> tuple[Floats, Floats]:
    """[parts, units, years] on 0 to 100 per part and year, and what that may be off.

    NaN for a year with too few units, or whose figures are all alike. Where a figure x may be off by h and the limits
    by l and u, (x − low) / (high − low) moves by at most (h + max(l, u)) / (high − low − l − u), and never out of 0–1.
    """
    low, high = _limits(values)
    # Figures that are alike on paper may differ in their last bits.
    apart = high - low > _DUST * np.maximum(np.abs(high), np.abs(low))
    span = np.where(apart, high - low, np.nan)
    below, above = _limits(values - off), _limits(values + off)
    of_low, of_high = np.maximum(low - below[0], above[0] - low), np.maximum(high - below[1], above[1] - high)
    least = span - of_low - of_high
    moved = (off + np.maximum(of_low, of_high)) / np.where(least > 0, least, np.nan) * 100.0
    scaled = (np.clip(values, low, high) - low) / span * 100.0
    return scaled, np.where(np.isnan(scaled), np.nan, np.fmin(moved, 100.0))


def _limits(values: Floats) -> tuple[Floats, Floats]:
    """[parts, 1, years] the two percentiles: the smallest figure that at least so many of a thousand do not exceed."""
    count = (~np.isnan(values)).sum(axis=1, keepdims=True)
    ordered = np.sort(values, axis=1)  # NaN comes last
    enough = count >= FEWEST_UNITS

    def at(thousandths: int) -> Floats:
        place = np.maximum(-(-count * thousandths // 1000) - 1, 0)
        return np.where(enough, np.take_along_axis(ordered, place, axis=1), np.nan)

    return at(_LOW), at(_HIGH)
