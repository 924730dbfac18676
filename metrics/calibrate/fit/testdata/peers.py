"""Writes peers.json: what other libraries, really run, fit on the same samples.

    python3 -m venv env && env/bin/pip install scikit-learn==1.9.1 betacal==1.1.0 cir-model==0.2.0 netcal==1.4.0
    env/bin/python peers.py > peers.json
"""
import json
import sys

import numpy as np
import scipy
import scipy.optimize
import sklearn
from betacal import BetaCalibration
from cir_model import CenteredIsotonicRegression
from netcal.binning import HistogramBinning
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

CLIP = 1e-6
GRID = [0.0, 0.01, 0.05, 0.1, 0.15, 0.25, 0.333, 0.45, 0.5, 0.62, 0.7, 0.75, 0.81, 0.9, 0.95, 0.99, 1.0]


def logit(p):
    p = np.clip(p, CLIP, 1 - CLIP)
    return np.log(p) - np.log1p(-p)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def samples():
    rng = np.random.default_rng(20261124)

    def draw(n, p, truth):
        p = np.asarray(p, float)
        return p, (rng.random(n) < truth(p)).astype(int)

    yield "overconfident", *draw(500, rng.beta(4, 1.5, 500).round(6), lambda p: sigmoid(0.5 * logit(p) - 0.3))
    yield "underconfident", *draw(400, rng.random(400).round(6), lambda p: sigmoid(2 * logit(p)))
    yield "tenths", *draw(600, rng.integers(0, 11, 600) / 10, lambda p: 0.2 + 0.6 * p**2)
    yield "calibrated", *draw(1000, rng.random(1000).round(6), lambda p: p)
    yield "few", *draw(24, rng.random(24).round(3), lambda p: p)
    yield "reversed", *draw(300, rng.random(300).round(6), lambda p: 0.8 - 0.5 * p)


def temperature(p, y):
    z = logit(p)
    loss = lambda s: np.sum(np.logaddexp(0, -s * z) * y + np.logaddexp(0, s * z) * (1 - y))
    fit = scipy.optimize.minimize_scalar(loss, bounds=(0.01, 100), method="bounded", options={"xatol": 1e-13})
    return 1 / fit.x, fit.fun


def platt(p, y):
    fit = _SigmoidCalibration().fit(logit(p), y)
    return -fit.a_, -fit.b_


def beta(p, y):
    # betacal is scikit-learn's logistic regression, stopped at its default
    # tolerance: the optimum of the same likelihood, found by scipy from there on.
    p = np.clip(p, CLIP, 1 - CLIP)
    start = BetaCalibration("abm").fit(p.reshape(-1, 1), y)
    a, b, m = start.calibrator_.map_
    x = np.column_stack([np.log(p), -np.log1p(-p), np.ones_like(p)])

    def loss(t):
        z = x @ t
        return np.sum(np.logaddexp(0, -z) * y + np.logaddexp(0, z) * (1 - y))

    fit = scipy.optimize.minimize(
        loss, [a, b, 0], jac=lambda t: x.T @ (sigmoid(x @ t) - y), method="L-BFGS-B",
        bounds=[(0, None), (0, None), (None, None)], options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 10000},
    )
    grid = np.clip(np.array(GRID), CLIP, 1 - CLIP)
    return {"betacal": start.predict(grid).ravel().tolist(), "scipy_loss": float(fit.fun), "scipy": fit.x.tolist()}


def main():
    cases = []
    for name, p, y in samples():
        t, _ = temperature(p, y)
        slope, intercept = platt(p, y)
        isotonic = IsotonicRegression().fit(p, y)
        centred = CenteredIsotonicRegression().fit(p, y)
        case = {
            "name": name, "p": p.tolist(), "y": y.tolist(),
            "temperature": t, "platt": [slope, intercept], "beta": beta(p, y),
            "isotonic_x": isotonic.X_thresholds_.tolist(), "isotonic_y": isotonic.y_thresholds_.tolist(),
            "centred": [None if np.isnan(v) else v for v in centred.transform(np.array(GRID)).tolist()],
        }
        if name != "tenths" and name != "few":  # netcal's edges are other ones, and it has no empty bins
            case["histogram"] = HistogramBinning(bins=10).fit(p, y).transform(np.array(GRID)).tolist()
        cases.append(case)
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__, "betacal": "1.1.0", "cir-model": "0.2.0", "netcal": "1.4.0"}
    json.dump({"made by": "peers.py", "versions": versions, "clip": CLIP, "grid": GRID, "cases": cases}, sys.stdout)


main()
