"""What the driver's library tells, with one that stands in for it."""

import ctypes
from types import SimpleNamespace

import pytest
import torch

from fineprint.measuring import nvml, phases

CARD = 0x7F0000001234  # a pointer, which does not fit 32 bits


class Library:
    """Answers as NVIDIA's does: through pointers, 0 for success."""

    def __init__(self, counters=True):
        self.asked = []
        if not counters:
            self.nvmlDeviceGetTotalEnergyConsumption = lambda gpu, place: 3  # not supported

    def nvmlInit_v2(self):
        return 0

    def nvmlDeviceGetHandleByUUID(self, number, place):
        self.asked.append(number)
        place._obj.value = CARD
        return 0 if number == b"GPU-12-34" else 6

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu, place):
        place._obj.value = 123_456 if gpu.value == CARD else 0
        return 0


@pytest.fixture
def gpu(monkeypatch):
    """The current GPU's number, which can be changed."""
    properties = SimpleNamespace(uuid="12-34")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda: properties)
    return properties


def use(monkeypatch, library):
    def load(name):
        assert name == "libnvidia-ml.so.1"
        if library is None:
            raise OSError(f"{name}: cannot open shared object file")
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_energy_is_the_current_card_s_in_joules(gpu, monkeypatch):
    library = Library()
    use(monkeypatch, library)
    assert nvml.read_energy_joules() == 123.456
    assert library.asked == [b"GPU-12-34"], "by its own number, whatever CUDA_VISIBLE_DEVICES says"
    assert phases.read_energy_joules is nvml.read_energy_joules


@pytest.mark.parametrize(
    "library", [None, SimpleNamespace(), Library(counters=False)], ids=["none", "old", "no counter"]
)
def test_what_cannot_be_read_is_not_measured(library, gpu, monkeypatch):
    use(monkeypatch, library)
    assert nvml.read_energy_joules() is None


def test_an_unknown_card_is_not_measured(gpu, monkeypatch):
    use(monkeypatch, Library())
    gpu.uuid = "56-78"
    assert nvml.read_energy_joules() is None
    gpu.uuid = None
    assert nvml.read_energy_joules() is None
