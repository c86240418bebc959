"""The checks on a GPU, for pytest: `python -m pytest tests/gpu -m gpu`."""

import pytest
import torch

from checks import CHECKS
from resuming_checks import RESUMING

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]


ALL = {**RESUMING, **CHECKS}


@pytest.mark.parametrize("name", ALL)
def test_on_gpu(name):
    ALL[name]()
