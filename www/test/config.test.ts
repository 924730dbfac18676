import assert from "node:assert/strict";
import { test } from "node:test";
import { configJSON } from "../dist/config.js";

test("without sampled continuations, a fusion width is at most 1", () => {
  assert.deepEqual([0, 1, 5].map((width) => JSON.parse(configJSON({ width })) as object), [{ width: 0 }, { width: 1 }, { width: 1 }]);
});

test("settings go to the core in snake case, in objects too, and values as they are", () => {
  const config = {
    question: "camelCase stays?", entropyThreshold: 0.5, text: false, calibration: null,
    model: { name: "A", oneMessage: true, maxTokens: 3, topLogprobs: 0, instructions: { question: "theQuestion" } },
  };
  const map = { method: "isotonic", n: 3, support: [0, 1], clip: 0.5, parameters: [], knots: [[0.1, 0.2]] };
  assert.deepEqual(JSON.parse(configJSON(config as never)), {
    question: "camelCase stays?", entropy_threshold: 0.5, text: false, calibration: null,
    model: { name: "A", one_message: true, max_tokens: 3, top_logprobs: 0, instructions: { question: "theQuestion" } },
  });
  assert.deepEqual(JSON.parse(configJSON({ calibration: { finece_calibration: 1, boundary: 20, maps: { all: map } } })), {
    calibration: { finece_calibration: 1, boundary: 20, maps: { all: map } },
  });
});
