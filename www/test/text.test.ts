import assert from "node:assert/strict";
import { test } from "node:test";
import type { Format } from "finece";
import { TextFinder } from "../dist/text.js";

/** The text of events that follow each other: the choice, the segment and the text of each piece. */
function told(events: readonly unknown[], format?: Format): string[] {
  const finder = new TextFinder(format);
  return events.flatMap((event) => finder.find(event)).map(({ choice, segment, text }) => `${String(choice)} ${segment}: ${text}`);
}

const delta = (fields: object): object => ({ choices: [{ index: 0, delta: fields }] });
const item = (type: string, ...content: object[]): object => ({ type, content });
const completed = (...output: unknown[]): object => ({ type: "response.completed", response: { output } });
const spoken = (text: string, more: object = {}): object => ({ output: { text, ...more } });

const CASES: Readonly<Record<string, readonly [events: readonly unknown[], want: readonly string[]]>> = {
  "no object": [[null, 5, "text", [], ["x"], {}, { type: 5 }, { choices: null }, { choices: [null, 5, {}] }, { candidates: {} }], []],
  "halves of letters": [[delta({ content: "a\uD83Db\uDD8A 🦊\uD83D" })], ["0 answer: a\uFFFDb\uFFFD 🦊\uFFFD"]],

  "choices": [[{ choices: [{ index: 1, delta: { content: "a" } }, { delta: { content: "b" } }, { index: "2", text: "c" }] }], ["1 answer: a", "0 answer: b", "0 answer: c"]],
  "a delta that is repeated": [[{ choices: [{ delta: { content: "a" }, message: { content: "all a" }, text: "a" }] }], ["0 answer: a"]],
  "a message, and text without a delta": [[{ choices: [{ message: { content: "a" }, text: "a" }, { delta: null, message: { content: "x" }, text: "b" }, { delta: "x", text: "c" }] }],
    ["0 answer: a", "0 answer: b", "0 answer: c"]],
  "what is no text": [[delta({ content: 5 }), delta({ content: "" }), delta({ content: { text: "x" } }), delta({ audio: null }), delta({ content: [null, "x", 5] })], []],
  "reasoning, an answer and a refusal": [[delta({ refusal: "c", audio: { transcript: "b" }, content: "a", reasoning: "r" })],
    ["0 reasoning: r", "0 answer: a", "0 answer: b", "0 refusal: c"]],
  "reasoning in several fields": [[
    delta({ reasoning_content: "a", reasoning: "a", reasoning_details: [{ text: "a" }] }), delta({ reasoning_content: "", reasoning: "b", thinking: "b" }),
    delta({ reasoning: null, thinking: "c" }), delta({ reasoning: [{ x: 1 }], reasoning_details: [{ text: "d" }, { summary: "e" }] }),
  ], ["0 reasoning: a", "0 reasoning: b", "0 reasoning: c", "0 reasoning: d", "0 reasoning: e"]],
  "a summary of reasoning": [[delta({ reasoning_details: [{ summary: "a" }] }), delta({ content: [{ summary: "no" }] })], ["0 reasoning: a"]],
  "parts": [[delta({ content: [{ text: "a" }, { refusal: "b" }, { thinking: "c" }, { thinking: [{ text: "d" }, null, { text: "e" }] }] })],
    ["0 answer: a", "0 refusal: b", "0 reasoning: c", "0 reasoning: d", "0 reasoning: e"]],

  "gemini": [[{ candidates: [{ index: 1, content: { parts: [{ thought: true, text: "a" }, { thought: "x", text: "b" }] } }, null, { content: null }, { content: { parts: [{ text: "c" }, null] } }] }],
    ["1 reasoning: a", "1 answer: b", "0 answer: c"]],

  "responses in deltas": [[
    { type: "response.reasoning_text.delta", delta: "a" }, { type: "response.reasoning_summary_text.delta", delta: "b" },
    { type: "response.output_text.delta", delta: "c" }, { type: "response.refusal.delta", delta: "d" },
    { type: "response.reasoning_text.done", text: "ab" }, { type: "response.output_text.done", text: "c" }, { type: "response.refusal.done", refusal: "d" },
    completed(item("reasoning", { text: "ab" }), item("message", { text: "c" }, { refusal: "d" })),
  ], ["0 reasoning: a", "0 reasoning: b", "0 answer: c", "0 refusal: d"]],
  "responses when they are done": [[
    { type: "response.reasoning_text.done", text: "a" }, { type: "response.reasoning_text.done", text: "b" },
    { type: "response.output_text.done", text: "c" }, { type: "response.refusal.done", refusal: "d" },
    completed(item("reasoning", { text: "ab" }), item("message", { text: "c" }, { refusal: "d" })),
  ], ["0 reasoning: a", "0 reasoning: b", "0 answer: c", "0 refusal: d"]],
  "responses of which only the whole has the answer": [[
    { type: "response.reasoning_text.delta", delta: "a" },
    completed(null, { type: "reasoning", summary: [{ text: "a" }] }, item("message", { text: "b" }, { refusal: "c" })),
  ], ["0 reasoning: a", "0 answer: b", "0 refusal: c"]],
  "whole responses": [[
    completed({ type: "reasoning", summary: [{ text: "a" }], content: [{ text: "b" }, { refusal: "c" }] }),
    { object: "response", output: [item("message", { text: "d" })] }, { object: "response", output: null },
    ...["incomplete", "failed", "cancelled"].map((how) => ({ type: `response.${how}`, response: { output: [item("message", { text: how })] } })),
  ], ["0 reasoning: a", "0 reasoning: b", "0 reasoning: c", "0 answer: d", "0 answer: incomplete", "0 answer: failed", "0 answer: cancelled"]],
  "other events of responses": [[
    { type: "response.created", response: { output: [item("message", { text: "no" })] } }, { type: "response.completed.x", response: { output: [item("message", { text: "no" })] } },
    { type: "response.output_text.delta.x", delta: "no" }, { type: "response.x.response.completed", response: { output: [item("message", { text: "no" })] } },
    { type: "response.response.output_text.delta", delta: "no" }, { type: "response.function_call_arguments.delta", delta: "no" }, { type: "response.created", content: "no", stop: 1, response: "no" },
  ], []],

  "anthropic": [[
    { type: "message_start", message: { content: [{ text: "a" }] } }, { type: "content_block_start", content_block: { text: "b", thinking: "" } },
    { type: "content_block_delta", delta: { thinking: "c" } }, { type: "message", content: [{ thinking: "d" }, { text: "e" }, null] },
  ], ["0 answer: a", "0 answer: b", "0 reasoning: c", "0 reasoning: d", "0 answer: e"]],
  "other events of anthropic": [["message_delta", "content_block_stop", "content_block_delta_x", "x_message_start", "message_start_x", "x_message", "message_x"].map((type) => ({ type, delta: { text: "no" } })), []],

  "dashscope, all text so far": [[spoken("a"), spoken("ab"), spoken("ab"), spoken(""), spoken("abc")], ["0 answer: a", "0 answer: b", "0 answer: c"]],
  "dashscope, new text alone": [[spoken("a"), spoken("b"), spoken("ab"), spoken("abab")], ["0 answer: a", "0 answer: b", "0 answer: ab", "0 answer: abab"]],
  "dashscope's messages": [["a", "ab"].map((content) => ({ output: { choices: [
    { index: 0, message: { content, reasoning_content: content } }, { index: 1, message: { content: [{ text: content }] } },
  ] } })), ["0 reasoning: a", "0 answer: a", "1 answer: a", "0 reasoning: b", "0 answer: b", "1 answer: ab"]],
  "dashscope without text": [[{ output: { finish_reason: "stop" }, response: "no" }, { output: { text: 5 }, response: "no" }, { output: { choices: [] }, response: "no" }], []],

  "bedrock": [[
    { contentBlockDelta: { delta: { text: "a" } } }, { contentBlockIndex: 0, delta: { text: "b" } }, { delta: { reasoningContent: { text: "c" } }, contentBlockIndex: 0 },
    { output: { message: { content: [{ reasoningContent: { reasoningText: { text: "d" } } }, { text: "e" }, null] } }, stopReason: "x" }, { output: { message: { content: [{ text: "f" }] } } },
  ], ["0 answer: a", "0 answer: b", "0 reasoning: c", "0 reasoning: d", "0 answer: e", "0 answer: f"]],
  "bedrock without text": [["contentBlockIndex", "contentBlockDelta", "contentBlockStart", "messageStart", "messageStop", "stopReason"].map((name) => ({ [name]: {}, response: "no" })), []],

  "replicate": [[{ output: ["a", "b", 5], status: "x" }, { output: "c", status: "x" }, { output: null, status: "x", response: "no" }], ["0 answer: a", "0 answer: b", "0 answer: c"]],
  "output without a status": [[{ output: "no" }], []],
  "a status without output": [[{ status: "x", response: "a" }], ["0 answer: a"]],

  "cohere's first version": [[
    { event_type: "text-generation", text: "a" }, { event_type: "tool-calls-chunk", text: "b" }, { event_type: "x-tool-calls", text: "c" }, { generation_id: "x", text: "d" },
    { event_type: "stream-end", response: "no" },
  ], ["0 answer: a", "0 reasoning: b", "0 answer: c", "0 answer: d"]],
  "half of that version's whole answer": [[{ text: "no" }, { generation_id: "x", response: "a" }], ["0 answer: a"]],
  "cohere": [[
    { type: "content-delta", delta: { message: { content: { text: "a" } } } }, { type: "tool-plan-delta", delta: { message: { tool_plan: "b" } } },
    { type: "content-start", delta: { message: { content: { thinking: "c" } } } }, { message: { content: [{ text: "d" }, { thinking: "e" }] }, finish_reason: "x" },
    { message: { content: "f", tool_plan: "g" }, finish_reason: "x" }, { type: "message-end", delta: { message: { content: null } } },
  ], ["0 answer: a", "0 reasoning: b", "0 reasoning: c", "0 answer: d", "0 reasoning: e", "0 answer: f", "0 reasoning: g"]],
  "cohere without text": [["message-start", "content-end", "tool-call-start", "citation-start"].map((type) => ({ type, response: "no" })), []],
  "what is not quite cohere": [[
    { type: "x-content-delta", delta: { message: { content: { text: "no" } } } }, { type: "content", delta: { message: { content: { text: "no" } } } },
    { message: "x", finish_reason: "x", response: "a" }, { message: { content: "no" } }, { finish_reason: "x", response: "b" },
  ], ["0 answer: a", "0 answer: b"]],

  "watsonx": [[{ results: [{ generated_text: "a" }, { generated_text: "b" }, null] }, { results: null, response: "no" }], ["0 answer: a", "1 answer: b"]],
  "ollama": [[{ message: { content: "a", thinking: "b" }, done: false }, { response: "c", thinking: "d", done: true }, { done: false }],
    ["0 reasoning: b", "0 answer: a", "0 reasoning: d", "0 answer: c"]],
  "text generation inference": [[
    { token: { text: "a", special: false } }, { token: { text: "no", special: true }, generated_text: "no" }, { token: { text: "b" }, generated_text: "no" },
    { token: null, generated_text: "c" }, { generated_text: "d" }, { token: "x", response: "e" },
  ], ["0 answer: a", "0 answer: b", "0 answer: c", "0 answer: d", "0 answer: e"]],
  "llama.cpp": [[{ content: "a", stop: false }, { content: "b", stop: true, index: 1 }, { content: "no" }, { stop: true, response: "c" }], ["0 answer: a", "1 answer: b", "0 answer: c"]],
  "workers": [[{ response: "a" }, { response: 5, content: "no" }], ["0 answer: a"]],
};

for (const [name, [events, want]] of Object.entries(CASES)) {
  test(`the text of ${name}`, () => {
    assert.deepEqual(told(events), want);
  });
}

const GIVEN: Readonly<Partial<Record<Format, readonly [event: object, want: readonly string[]]>>> = {
  "openai-chat": [{ response: "no", done: true }, []],
  "openai-completions": [{ choices: [{ text: "a" }] }, ["0 answer: a"]],
  "openai-responses": [{ type: "xresponse.output_text.delta", delta: "no" }, []],
  "anthropic": [{ delta: { text: "a" } }, ["0 answer: a"]],
  "ollama": [{ response: "a" }, ["0 answer: a"]],
  "tgi": [{ token: "x", generated_text: "no" }, []],
  "workers-ai": [{ response: "a", done: true, thinking: "no" }, ["0 answer: a"]],
  "llama.cpp": [{ content: "a" }, ["0 answer: a"]],
  "text": [{ choices: [{ text: "no" }] }, []],
};

for (const [format, [event, want]] of Object.entries(GIVEN)) {
  test(`the text of an event when ${format} is given`, () => {
    assert.deepEqual(told([event], format as Format), want);
  });
}
