/**
 * Calibration and ranking metrics, and Backward Confidence Integration, computed
 * by the core: the same numbers, bit for bit, as on a server.
 *
 * ```ts
 * const { ece, auroc, bins } = evaluate(await loadCore(), confidences, correct);
 * ```
 *
 * @packageDocumentation
 */
import { type BinRule, type Figures, FIGURES, FUSION_DEFAULTS, MAX_INPUT, MAX_PAIRS, RULES } from "./contract.js";
import type { Core } from "./core.js";
import { FineceError } from "./errors.js";

export type { BinRule };

/** How confidences are put in bins. */
export interface Binning {
  /** 1 to 65536; default 10. */
  bins?: number;
  /** Default `right-closed`. */
  rule?: BinRule;
}

/** One bin of a reliability diagram. */
export interface Bin {
  /** Lower edge. */
  readonly low: number;
  /** Upper edge. */
  readonly high: number;
  /** Number of answers in the bin. */
  readonly count: number;
  /** Number of correct answers in the bin. */
  readonly correct: number;
  /** Mean confidence; NaN in an empty bin. */
  readonly confidence: number;
  /** Share of correct answers; NaN in an empty bin. */
  readonly accuracy: number;
}

/** Why a figure does not exist for some data. */
export type Undefined =
  /** There are no pairs. */
  | "no pairs"
  /** All answers are correct, or all are wrong, so there is nothing to rank. */
  | "one class";

/** The figures of a set of pairs, and its reliability diagram. */
export interface Evaluation extends Figures {
  /** The reason of each figure that is NaN. */
  readonly why: Readonly<Partial<Record<keyof Figures, Undefined>>>;
  /** The bins in order of their edges; none without pairs. */
  readonly bins: readonly Bin[];
}

/**
 * Evaluates the pairs (confidences[i], correct[i]). Confidences are numbers from 0 to 1,
 * correctness is 0 or 1 or a boolean; the order of the pairs does not matter. The core keeps all
 * pairs in memory: 400 MB for 10 million of them, and at most 4 GiB, which is enough for about 100
 * million. `finece eval` takes any number. Throws a `FineceError`: `argument` for a confidence
 * outside [0,1] or NaN, for lists of different lengths and for an unknown binning, `too-long` for
 * more pairs than the core takes, and a `CoreTrapError` if the memory is too small.
 */
export function evaluate(
  core: Core, confidences: ArrayLike<number>, correct: ArrayLike<number | boolean>, binning: Binning = {},
): Evaluation {
  const n = confidences.length;
  const { bins = 10, rule = "right-closed" } = binning;
  if (correct.length !== n) {
    throw wrong(`${String(n)} confidences but ${String(correct.length)} correctness labels`);
  }
  const number = RULES.indexOf(rule);
  if (number < 0 || !Number.isInteger(bins) || bins < 1 || bins > 65536) {
    throw wrong(`a binning needs a known rule and 1 to 65536 bins, not ${rule} and ${String(bins)}`);
  }
  const { bytes, view } = room(16, 9, n, MAX_PAIRS);
  view.setUint32(0, n, true);
  view.setUint32(4, bins, true);
  view.setUint32(8, number, true);
  for (let i = 0; i < n; i++) {
    view.setFloat64(16 + 8 * i, at(confidences, i), true);
    const label = Number(correct[i]);
    if (label !== 0 && label !== 1) {
      throw wrong(`correctness ${String(i)} is ${String(correct[i])}, want 0 or 1, or a boolean`);
    }
    bytes[16 + 8 * n + i] = label;
  }
  return core.use((instance) => readEvaluation(instance.send("finece_evaluate", bytes)));
}

// What stands in a row whose figure is not defined, a metrics.Undefined.
const WHY: readonly (Undefined | undefined)[] = [undefined, "no pairs", "one class"];

/** Reads the rows and the bins of an answer, as wasm/abi documents them. Rows that this version does not know are left out. */
function readEvaluation(answer: Uint8Array): Evaluation {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const word = (offset: number): number => view.getUint32(offset, true);
  const float = (offset: number): number => view.getFloat64(offset, true);
  const count = (offset: number): number => Number(view.getBigUint64(offset, true));
  const figures = Object.fromEntries(FIGURES.map((name) => [name, NaN])) as Record<keyof Figures, number>;
  const why: Partial<Record<keyof Figures, Undefined>> = {};
  const end = 16 + word(4);
  for (let at = 16; at < end; at += word(at)) {
    const row = String.fromCharCode(...answer.subarray(at + 16, at + 16 + view.getUint8(at + 7)));
    const name = FIGURES.find((figure) => figure === row);
    if (name === undefined) {
      continue;
    }
    figures[name] = float(at + 8);
    const reason = WHY[view.getUint8(at + 6)];
    if (reason !== undefined) {
      why[name] = reason;
    }
  }
  const size = word(12);
  const bins = Array.from({ length: word(8) }, (_, i): Bin => {
    const from = end + size * i;
    return {
      low: float(from), high: float(from + 8), count: count(from + 16), correct: count(from + 24),
      confidence: float(from + 32), accuracy: float(from + 40),
    };
  });
  return { ...figures, why, bins };
}

/** The parameters of Backward Confidence Integration, Equation 5 of the FineCE paper. */
export interface FuseParams {
  /** The revision coefficient, in [0,1]; 1 keeps every confidence. Default 0.5. */
  alpha?: number;
  /** How many later steps revise a confidence, 0 to 64; default 2. */
  depth?: number;
  /** How many continuations are averaged; 0 means no integration. Default 1. */
  width?: number;
}

/**
 * Revises the confidence of each node of a tree by the confidences of the nodes that follow it. A
 * confidence is a number from 0 to 1, or NaN if it is missing. `parents` has the index of each
 * node's parent, which must come earlier, and -1 for a root. Without `parents` the nodes are a
 * path: each node is the child of the previous one. Returns the fused values, with NaN for missing
 * confidences. Throws a `FineceError`: `argument` if an argument is not as described, `too-long`
 * for more than 1398099 nodes.
 */
export function fuse(
  core: Core, confidences: ArrayLike<number>, parents?: ArrayLike<number>, params: FuseParams = {},
): Float64Array<ArrayBuffer> {
  const n = confidences.length;
  const { alpha = FUSION_DEFAULTS.alpha, depth = FUSION_DEFAULTS.depth, width = FUSION_DEFAULTS.width } = params;
  if (parents !== undefined && parents.length !== n) {
    throw wrong(`a tree has ${String(n)} confidences and ${String(parents.length)} parents: want as many of each`);
  }
  const { view } = room(24, 12, n, MAX_INPUT);
  view.setFloat64(0, alpha, true);
  view.setUint32(8, whole("depth", depth), true);
  view.setUint32(12, whole("width", width), true);
  view.setUint32(16, n, true);
  for (let i = 0; i < n; i++) {
    view.setFloat64(24 + 8 * i, at(confidences, i), true);
    const parent = parents === undefined ? i - 1 : at(parents, i);
    if (!Number.isInteger(parent) || parent < -1 || parent >= i) {
      throw wrong(`the parent of node ${String(i)} is ${String(parent)}: want an earlier node, or -1 for a root`);
    }
    view.setInt32(24 + 8 * n + 4 * i, parent, true);
  }
  const bytes = new Uint8Array(view.buffer);
  // A copy, because the answer lies where floats may not be aligned.
  return core.use((instance) => new Float64Array(instance.send("finece_fuse", bytes).slice().buffer));
}

function room(head: number, each: number, n: number, most: number): { bytes: Uint8Array; view: DataView<ArrayBuffer> } {
  const size = head + each * n;
  if (size > most) {
    throw new FineceError("too-long", `${String(n)} values: want at most ${String(Math.floor((most - head) / each))} at once`, { n });
  }
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}

function whole(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1) {
    throw wrong(`${name} is ${String(value)}: want a whole number from 0`);
  }
  return value;
}

function wrong(message: string): FineceError {
  return new FineceError("argument", message);
}
