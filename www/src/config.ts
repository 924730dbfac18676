import type { Format, Method, PositionKind } from "./contract.js";

export type { Format } from "./contract.js";

type StrategyName = Exclude<PositionKind, "question" | "end">;

/** Where confidences are estimated: one strategy or a union such as `paragraph+entropy`. */
export type Strategy = StrategyName | `${StrategyName}+${string}`;

/** How a confidence model is asked, and how its reply is read. */
export interface ModelConfig {
  /** The API's shape; default `chat`, the chat completions of OpenAI and its like. */
  adapter?: "chat" | "completions" | "classify" | "pooling" | "reward";
  /** The model's name for its server; left out if empty. */
  name?: string;
  /** `chat`: instruction and input in one user message; default false. */
  oneMessage?: boolean;
  /** Instructions in place of the built-in ones, by what there is to judge. */
  instructions?: { question?: string; partial?: string; complete?: string };
  /** The reply's length at most, 1 to 2^20 tokens; default 16. */
  maxTokens?: number;
  /** Alternatives to each token, 0 to 100; default 20. 0 asks for no log-probabilities. */
  topLogprobs?: number;
  /** `classify`, `pooling`: which output is that of a correct answer; default 1. */
  class?: number;
  /** `reward`: which label is that of a correct answer. */
  label?: string;
  /** `classify`, `pooling`, `reward`: `sigmoid` for logits; default `none`. */
  activation?: "none" | "sigmoid";
}

/** A file of `finece calibrate`. The core checks what is in it. */
export interface Calibration {
  readonly finece_calibration: number;
  readonly [key: string]: unknown;
}

/** What can be set for any scored stream. Everything has a default. */
export interface ScoringConfig {
  /** What the stream answers, which p(0) judges; p(0) is unavailable without it. */
  question?: string;
  /** Default `auto`. */
  format?: Format;
  /** Default `paragraph`. */
  strategy?: Strategy;
  /** `paragraph`, `line`: the least length in code points of one with a position of its own; a shorter one joins the next; default 1. */
  minLength?: number;
  /** `periodic`: a position every so many tokens; default 50. */
  every?: number;
  /** `entropy`: a position after a token of a higher entropy, in nats; default 1e-10. */
  threshold?: number;
  /** `entropy`: the fewest tokens between two positions; default 10. */
  minGap?: number;
  /** The revision coefficient of Backward Confidence Integration, in [0,1]; 1 revises nothing; default 0.5. */
  alpha?: number;
  /** The fusion depth: how many later positions revise an estimate, 0 to 64; default 2. */
  depth?: number;
  /** The fusion width: a stream is one path, so more than 1 counts as 1, and 0 as no integration; default 1. */
  width?: number;
  /**
   * What `finece calibrate` wrote, parsed: raw confidences are calibrated by its
   * maps before they are integrated. `raw` stays the estimate, `fused` is calibrated.
   */
  calibration?: Calibration;
  /** Report the stream's text as events; default false. */
  text?: boolean;
  /** Bytes of one event of the stream, 1 KiB to 16 MiB; default 256 KiB. */
  maxEvent?: number;
  /** Choices, 1 to 128; default 16. */
  maxChoices?: number;
  /** Positions over all choices, 1 to 2^20; default 8192. */
  maxPositions?: number;
  /** Positions of a choice that later events may still change, 8 to 4096; default 128. */
  maxPending?: number;
  /** Bytes of a segment's text kept for the confidence model, up to 16 MiB; default 64 KiB. */
  maxText?: number;
}

/** What a core's session depends on. */
export interface SessionConfig extends ScoringConfig {
  /** Who estimates: a statistic of the stream's log-probabilities, or a model; default `perplexity`. */
  estimator?: Method | "model";
  /** How a model is asked. */
  model?: ModelConfig;
}

/** The configuration as the core reads it: JSON, names in snake case. */
export function configJSON(config: SessionConfig): string {
  return JSON.stringify(config, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return value;
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, v]: [string, unknown]) => [
        name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`), v,
      ]),
    );
  });
}
