"""The checks on a GPU, for pytest: `python -m pytest tests/gpu -m gpu`."""

import pytest
import torch

from catalogue import ALL

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]


@pytest.mark.parametrize("name", ALL)
def test_on_gpu(name):
    ALL[name]()
