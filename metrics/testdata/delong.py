"""Writes delong.json: what MLstatkit 0.1.91 (PyPI), an implementation of the fast algorithm of
Sun and Xu 2014, gives for DeLong's test of two AUROCs (its z is b's less a's). Run it in this folder:

    pip install MLstatkit==0.1.91 numpy==2.4.6
    python delong.py
"""

import json

import numpy as np
from MLstatkit import Delong_test


def case(name, n, share, noise_a, noise_b, decimals, seed):
    rng = np.random.default_rng(seed)
    correct = (rng.random(n) < share).astype(int)
    skill = rng.normal(correct, 1)
    a, b = (np.round(1 / (1 + np.exp(-(skill + rng.normal(0, s, n)))), decimals) for s in (noise_a, noise_b))
    z, p, _, _, auroc_a, auroc_b, info = Delong_test(correct, a, b)
    assert info["method"] == "delong"
    return {"name": name, "a": a.tolist(), "b": b.tolist(), "correct": correct.tolist(),
            "auroc": [float(auroc_a), float(auroc_b)], "z": -float(z), "p": float(p)}


json.dump({"cases": [
    case("few", 12, 0.5, 0.5, 1, 4, 1),
    case("percents", 120, 0.6, 0.3, 1.2, 2, 2),
    case("tenths, many ties", 200, 0.8, 1, 1.1, 1, 3),
    case("long digits", 80, 0.3, 2, 0.2, 15, 4),
    case("alike", 150, 0.5, 0.7, 0.7, 2, 5),
]}, open("delong.json", "w"), indent=None, separators=(",", ":"))
