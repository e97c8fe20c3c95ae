"""Genomlys: declarative rules over a Swedish municipality's key figures, for the command line and as a library.

The names below are the public interface. Each is imported when it is first used, so that ``import genomlys`` and
``genomlys --help`` need not wait for Polars. What is not listed here may change in any release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genomlys.engine.assess import Assessment, assess
    from genomlys.engine.backtest import Backtest, backtest
    from genomlys.engine.dataset import Dataset, read_dataset
    from genomlys.engine.errors import DataError, GenomlysError, Place, Problem, RuleError, UsageError
    from genomlys.engine.language.pack import load_rules
    from genomlys.engine.screen import Screening, screen
    from genomlys.engine.sensitivity import Sensitivity, sensitivity

__version__ = "0.1.0"

# Each public name and the module it lives in. A test holds this table, the imports above and __all__ together.
_HOME = {
    "Assessment": "genomlys.engine.assess",
    "Backtest": "genomlys.engine.backtest",
    "DataError": "genomlys.engine.errors",
    "Dataset": "genomlys.engine.dataset",
    "GenomlysError": "genomlys.engine.errors",
    "Place": "genomlys.engine.errors",
    "Problem": "genomlys.engine.errors",
    "RuleError": "genomlys.engine.errors",
    "Screening": "genomlys.engine.screen",
    "Sensitivity": "genomlys.engine.sensitivity",
    "UsageError": "genomlys.engine.errors",
    "assess": "genomlys.engine.assess",
    "backtest": "genomlys.engine.backtest",
    "load_rules": "genomlys.engine.language.pack",
    "read_dataset": "genomlys.engine.dataset",
    "screen": "genomlys.engine.screen",
    "sensitivity": "genomlys.engine.sensitivity",
}

__all__ = [
    "Assessment",
    "Backtest",
    "DataError",
    "Dataset",
    "GenomlysError",
    "Place",
    "Problem",
    "RuleError",
    "Screening",
    "Sensitivity",
    "UsageError",
    "__version__",
    "assess",
    "backtest",
    "load_rules",
    "read_dataset",
    "screen",
    "sensitivity",
]


# Out of mypy's sight: with it, every misspelt name would pass as one that may exist.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        home = _HOME.get(name)
        if home is None:
            raise AttributeError(f"module 'genomlys' has no attribute {name!r}")
        import importlib  # noqa: PLC0415

        value = getattr(importlib.import_module(home), name)
        globals()[name] = value  # the next use does not come here
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
