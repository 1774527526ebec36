# SPDX-License-Identifier: Apache-2.0
"""Prints detectors.txt: where river's ADWIN and PageHinkley see changes in the streams below.

    pip install river==0.26.1 && python make_detectors.py > detectors.txt
"""

from importlib.metadata import version

from river import drift

# name, what the mean is in each third of the stream, spread, values
STREAMS = {
    "still": ([0.5, 0.5, 0.5], 0.5, 9000),
    "step": ([0.3, 0.7, 0.7], 0.4, 3000),
    "step_back": ([0.3, 0.6, 0.3], 0.5, 6000),
    "down": ([0.8, 0.55, 0.2], 0.3, 4500),
    "large": ([10, 14, 9], 8, 3000),
    "bits": ([0.2, 0.3, 0.6], 0, 6000),
}


def stream(means, spread, n, seed):
    """The generator of detectors_test.cc."""
    x = seed
    for i in range(n):
        x = (x * 1103515245 + 12345) % 2**31
        u = (x >> 8) % 10007 / 10007
        mean = means[i * 3 // n]
        yield (1.0 if u < mean else 0.0) if spread == 0 else mean + spread * (u - 0.5)


def changes(detector, values):
    out = []
    for i, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            out.append(i)
    return out


print(f"# river {version('river')}; made by make_detectors.py")
for seed in (1, 9):
    for name, (means, spread, n) in STREAMS.items():
        for label, make in (
            ("adwin 0.002", lambda: drift.ADWIN()),
            ("adwin 0.2", lambda: drift.ADWIN(delta=0.2)),
            ("page 50", lambda: drift.PageHinkley()),
            ("page 10", lambda: drift.PageHinkley(threshold=10, delta=0.01)),
        ):
            detector = make()
            found = changes(detector, stream(means, spread, n, seed))
            end = f"{detector.estimation!r} {detector.width!r}" if "adwin" in label else "0 0"
            numbers = " ".join(str(m) for m in means)
            print(label, seed, n, spread, numbers, end, len(found), *found)
