"""How numbers are written: rounded first, then given their unit, so that no figure crosses a unit's border."""

import re

import pytest

from fineprint.core import formats


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (formats.size(999.4), "999 B"),
        (formats.size(999_499), "999 kB"),
        (formats.size(999_999), "1.00 MB"),
        (formats.size(999_999_999), "1.00 GB"),
        (formats.size(99_960), "100 kB"),
        (formats.size(9_996), "10.0 kB"),
        (formats.size(-999_999), "-1.00 MB"),
        (formats.size(5e15), "5000 TB"),
        (formats.duration(0.9994), "999 ms"),
        (formats.duration(0.9999), "1.0 s"),
        (formats.duration(0.0009999), "1.00 ms"),
        (formats.duration(0.0099999), "10.0 ms"),
        (formats.duration(0), "0.00 µs"),
        (formats.seconds(0.0994), "99 ms"),
        (formats.seconds(0.0999), "0.10 s"),
        (formats.seconds(0.3204), "0.32 s"),
        (formats.seconds(0.9949), "0.99 s"),
        (formats.seconds(0.9951), "1.0 s"),
        (formats.seconds(59.96), "60.0 s"),
        (formats.seconds(99.94), "99.9 s"),
        (formats.seconds(99.96), "1 min 40 s"),
        (formats.seconds(119.7), "2 min 00 s"),
        (formats.seconds(59.9 * 60), "59 min 54 s"),
        (formats.seconds(3599.4), "59 min 59 s"),
        (formats.seconds(3599.6), "1 h 00 min"),
        (formats.seconds(7199), "2 h 00 min"),
        (formats.energy(999.4), "999 J"),
        (formats.energy(999.7), "1.00 kJ"),
        (formats.energy(999_999), "1.00 MJ"),
        (formats.short_count(999.6), "1.00 k"),
        (formats.short_count(999_999), "1.00 M"),
        (formats.short_count(999_999_999), "1.00 B"),
        (formats.short_count(999), "999"),
        (formats.count(999.7), "1 000"),
        (formats.rate(999.4), "999"),
        (formats.rate(999.7), "1 000"),
        (formats.rate(99.96), "100"),
        (formats.rate(9.996), "10.0"),
        (formats.times(9.996), "10.0 ×"),
        (formats.percent(0), "0 %"),
        (formats.percent(1), "100 %"),
        (formats.percent(0.9994), "99.9 %"),
        (formats.percent(0.9996), "99.96 %"),
        (formats.percent(0.99999), "99.999 %"),
        (formats.percent(0.0996), "10.0 %"),
        (formats.percent(0.00996), "1.0 %"),
        (formats.percent(-0.25), "-25.0 %"),
        (formats.percent(1.5), "150.0 %"),
    ],
)
def test_numbers_keep_to_their_unit(written, wanted):
    assert re.sub("[\u00a0\u202f]", " ", written) == wanted


@pytest.mark.parametrize(
    ("write", "largest"),
    [(formats.size, 1e15), (formats.short_count, 1e12), (formats.energy, 1e9), (formats.duration, 60)],
)
def test_no_unit_has_four_digits(write, largest):
    """On both sides of every border, up to where there is no larger unit."""
    nearby = (0.9994, 0.99949, 0.9995, 0.9996, 0.99999, 1.0, 1.0001, 9.994, 9.996, 99.94, 99.96)
    values = [digits * 10.0**power for power in range(-7, 16) for digits in nearby]
    for value in values:
        if value < 0.99 * largest:
            assert float(re.match(r"[\d.]+", write(value))[0]) < 1000, (value, write(value))
