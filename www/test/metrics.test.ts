import assert from "node:assert/strict";
import { test } from "node:test";
import { FineceError, loadCore } from "finece";
import { evaluate, fuse, type Binning } from "finece/metrics";
import { random } from "./support.js";

const core = await loadCore();
const near = (got: number, want: number): void => { assert.ok(Math.abs(got - want) < 1e-12, `${String(got)}, want ${String(want)}`); };

// The case "tenths on the edges" of metrics/testdata/peers.json in the
// repository, with what scikit-learn 1.9.1 and netcal 1.4.0 gave for it.
const tenths = new Float64Array([0.1, 0.2, 0.2, 0.3, 0.4, 0.6, 0.7, 0.7, 0.8, 0.9, 1, 1, 0, 0.3]);
const correct = new Uint8Array([0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0]);

test("multiples of 0.1, which lie on the edges of ten bins", () => {
  const e = evaluate(core, tenths, correct);
  near(e.auroc, 0.7142857142857143);
  near(e.brier, 0.22999999999999998);
  near(e.brier_skill, 0.08000000000000007);
  assert.deepEqual([e.n, e.correct, e.why], [14, 7, {}]);
  assert.deepEqual(e.bins.map(({ count }) => count), [2, 2, 2, 1, 0, 1, 2, 1, 1, 2]);
  assert.deepEqual([e.bins[0]?.low, e.bins[9]?.high], [0, 1]);
  assert.ok(e.bins[4]?.count === 0 && Number.isNaN(e.bins[4].confidence) && Number.isNaN(e.bins[4].accuracy));
});

/** ECE as the paper of Naeini et al. defines it, bins (lo, hi] and 0 in the first. */
function ece(conf: ArrayLike<number>, right: ArrayLike<number>, bins: number): { ece: number; mce: number } {
  let total = 0, worst = 0;
  for (let b = 0; b < bins; b++) {
    let n = 0, sum = 0;
    for (let i = 0; i < conf.length; i++) {
      const c = conf[i] ?? NaN;
      if ((c > b / bins || (b === 0 && c === 0)) && c <= (b + 1) / bins) {
        n++;
        sum += c - (right[i] ?? NaN);
      }
    }
    total += Math.abs(sum) / conf.length;
    worst = n === 0 ? worst : Math.max(worst, Math.abs(sum / n));
  }
  return { ece: total, mce: worst };
}

/** The share of pairs of a correct and a wrong answer in order, ties half. */
function auroc(conf: ArrayLike<number>, right: ArrayLike<number>): number {
  let pairs = 0, ordered = 0;
  for (let i = 0; i < conf.length; i++) {
    for (let j = 0; j < conf.length; j++) {
      if (right[i] === 1 && right[j] === 0) {
        pairs++;
        ordered += (conf[i] ?? 0) > (conf[j] ?? 0) ? 1 : conf[i] === conf[j] ? 0.5 : 0;
      }
    }
  }
  return ordered / pairs;
}

test("the definitions, on random pairs with many ties", (t) => {
  const next = random(t);
  for (let round = 0; round < 30; round++) {
    const n = 2 + Math.floor(200 * next());
    const conf = Float64Array.from({ length: n }, () => (round % 2 === 0 ? next() : Math.round(10 * next()) / 10));
    const right = Uint8Array.from(conf, (c) => (next() < c ? 1 : 0));
    right.set([0, 1]);
    const bins = 1 + Math.floor(20 * next());
    const got = evaluate(core, conf, right, { bins });
    const want = ece(conf, right, bins);
    near(got.ece, want.ece);
    near(got.mce, want.mce);
    near(got.auroc, auroc(conf, right));
    const accuracy = got.correct / got.n;
    near(got.augrc, (1 - got.auroc) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2); // Traub et al. 2024, equation 6
    near(got.brier, conf.reduce((sum, c, i) => sum + (c - (right[i] ?? 0)) ** 2, 0) / n);
    assert.deepEqual(evaluate(core, [...conf], [...right].map(Boolean), { bins }), got, "plain arrays");
  }
});

test("what the data do not define is NaN, with the reason", () => {
  for (const label of [0, 1]) {
    const { auroc, ece, why } = evaluate(core, [0.2, 0.8], [label, label]);
    assert.ok(Number.isNaN(auroc) && ece >= 0);
    assert.deepEqual(why, { auroc: "one class", brier_skill: "one class" });
  }
  const nothing = evaluate(core, [], []);
  assert.ok(Number.isNaN(nothing.ece) && Number.isNaN(nothing.auroc) && nothing.bins.length === 0);
  assert.deepEqual(nothing.why, { ece: "no pairs", mce: "no pairs", brier: "no pairs", auroc: "no pairs", augrc: "no pairs", brier_skill: "no pairs", smooth_ece: "no pairs" });
  assert.equal(evaluate(core, [0.5, 0.5], [0, 1]).auroc, 0.5, "all tied");
});

test("the rules differ on the edges as their libraries do", () => {
  const at = (rule: NonNullable<Binning["rule"]>): number[] => evaluate(core, [0, 0.5, 1], [0, 1, 1], { rule, bins: 2 }).bins.map(({ count }) => count);
  assert.deepEqual(at("right-closed"), [2, 1]);
  assert.deepEqual(at("guo"), [1, 1]);
  assert.deepEqual(at("netcal"), [1, 2]);
  assert.deepEqual(at("torchmetrics"), [1, 1, 1]);
});

const wrong = (code: string, says: RegExp) => (error: unknown): boolean =>
  error instanceof FineceError && error.code === code && says.test(error.message);

test("wrong input is an error that says where", () => {
  for (const value of [1.1, -0.1, NaN, Infinity]) {
    assert.throws(() => evaluate(core, [0.5, value], [1, 0]), wrong("argument", /confidence 1 is/));
  }
  assert.throws(() => evaluate(core, [0.5], [1, 0]), wrong("argument", /1 confidences but 2/));
  assert.throws(() => evaluate(core, [0.5], [2]), wrong("argument", /correctness 0 is 2/));
  assert.throws(() => evaluate(core, [0.5], [1], { bins: 0 }), wrong("argument", /1 to 65536 bins/));
  assert.throws(() => evaluate(core, [0.5], [1], { rule: "none" as "guo" }), wrong("argument", /known rule/));
  assert.throws(() => evaluate(core, { length: 119304646 }, { length: 119304646 }), wrong("too-long", /at most 119304645/));
  assert.throws(() => fuse(core, { length: 1398100 }), wrong("too-long", /at most 1398099/));
});

test("more pairs than a stream may give the core in one call", () => {
  const times = 150_000, n = times * tenths.length;
  const few = evaluate(core, tenths, correct);
  const many = evaluate(core, Float64Array.from({ length: n }, (_, i) => tenths[i % tenths.length] ?? NaN),
    Uint8Array.from({ length: n }, (_, i) => correct[i % correct.length] ?? NaN));
  assert.deepEqual([many.n, many.correct], [n, times * few.correct]);
  for (const name of ["auroc", "ece", "mce", "brier", "brier_skill", "augrc"] as const) {
    near(many[name], few[name]);
  }
  assert.deepEqual(many.bins.map(({ count }) => count), few.bins.map(({ count }) => times * count));
});

test("integration on a path and on a tree", () => {
  // Worked by hand from Equation 5.
  assert.deepEqual([...fuse(core, [0.2, 0.4, 0.8], undefined, { alpha: 0.5, depth: 1 })].map((v) => v.toFixed(3)), ["0.300", "0.600", "0.800"]);
  assert.deepEqual([...fuse(core, [0.2, 0.4, 0.8])].map((v) => v.toFixed(3)), ["0.400", "0.600", "0.800"]);
  const tree = fuse(core, new Float64Array([0.2, 0.5, 0.9, NaN]), new Int32Array([-1, 0, 0, 0]), { alpha: 0.3, depth: 2, width: 4 });
  near(tree[0] ?? NaN, 0.3 * 0.2 + 0.7 * 0.7);
  assert.ok(Number.isNaN(tree[3]), "a missing estimate has no value");
  assert.deepEqual([...fuse(core, [0.1, 0.9], undefined, { width: 0 })], [0.1, 0.9]);
  assert.deepEqual([...fuse(core, [])], []);
});

test("a tree that is none", () => {
  for (const [conf, parents, params, says] of [
    [[0.1, 0.2], [-1], {}, /2 confidences and 1 parents/], [[0.1], [0], {}, /parent of node 0 is 0/],
    [[0.1, 1.5], [-1, 0], {}, /node 1/], [[0.1], [-1], { alpha: 2 }, /Alpha/], [[0.1], [-1], { depth: 65 }, /depth/],
    [[0.1], [-1], { width: -1 }, /width is -1/],
  ] as const) {
    assert.throws(() => fuse(core, conf, parents, params), wrong("argument", says));
  }
});
