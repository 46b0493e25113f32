"""The formats that figures are written in; known without what draws them."""

from __future__ import annotations

from collections.abc import Mapping

FORMATS: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""By their endings, with the metadata left out because it differs from run to run."""
