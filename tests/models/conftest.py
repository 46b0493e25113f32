"""Failed comparisons outside test files show what differs too."""

import pytest

pytest.register_assert_rewrite("driven_memory", "memory_comparison", "memory_inspection")
