"""The checks on a GPU, for pytest: `python -m pytest tests/gpu -m gpu`."""

import pytest
import torch

from checks import CHECKS

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]


@pytest.mark.parametrize("name", CHECKS)
def test_on_gpu(name):
    CHECKS[name]()
