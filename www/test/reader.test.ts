import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { AnswerReader, type CoreEvent, type Format, type StreamEvent, loadCore } from "finece";
import { cut, demo, fixtures, random } from "./support.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sse = (...payloads: string[]): string => payloads.map((payload) => `data: ${payload}\n\n`).join("");
const core = await loadCore();

/** Each choice's text by segment. */
function told(events: readonly (CoreEvent | StreamEvent)[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const event of events) {
    if (event.type === "text") {
      const key = `${String(event.choice)} ${event.segment}`;
      all[key] = (all[key] ?? "") + event.text;
    }
  }
  return all;
}

function byCore(input: Uint8Array, format: Format): Record<string, string> {
  const session = core.open({ text: true, format });
  const events = [...session.opening, ...session.write(input), ...session.end()];
  session.close();
  return told(events);
}

function byReader(chunks: Iterable<Uint8Array>, format?: Format): Record<string, string> {
  const reader = new AnswerReader({ format });
  const events: StreamEvent[] = [];
  for (const chunk of chunks) {
    events.push(...reader.take(chunk));
  }
  return told([...events, ...reader.end()]);
}

const chunk = (delta: object, index = 0): string => JSON.stringify({ choices: [{ index, delta, finish_reason: null }] });
const DONE = JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

const CASES: Readonly<Record<string, { input: string; format?: Format; want: Record<string, string> }>> = {
  "a chat": { input: sse(chunk({ role: "assistant", content: "" }), chunk({ content: "Hé" }), chunk({ content: "llo" }), DONE, "[DONE]"), want: { "0 answer": "Héllo" } },
  "two choices": { input: sse(chunk({ content: "a" }), chunk({ content: "b" }, 1), chunk({ content: "c" })), want: { "0 answer": "ac", "1 answer": "b" } },
  "reasoning in a field": { input: sse(chunk({ content: "Hi", reasoning_content: "hm" }), chunk({ reasoning: "." }), chunk({ refusal: "No" })), want: { "0 reasoning": "hm.", "0 answer": "Hi", "0 refusal": "No" } },
  "reasoning in two fields counts once": { input: sse(chunk({ reasoning: "hm", reasoning_content: "hm" })), want: { "0 reasoning": "hm" } },
  "reasoning in tags": { input: sse(chunk({ content: "\n <thi" }), chunk({ content: "nk>hm</th" }), chunk({ content: "e</think" }), chunk({ content: ">\n\nHi <think>" })), want: { "0 reasoning": "hm</the", "0 answer": "\n\nHi <think>" } },
  "a long tag, and one that never closes": { input: sse(chunk({ content: "<thinking>hm</think></think" })), want: { "0 reasoning": "hm</think></think" } },
  "what looks like a tag": { input: sse(chunk({ content: "  <thi" }), chunk({ content: "s>" })), want: { "0 answer": "  <this>" } },
  "a tag that is only begun": { input: sse(chunk({ content: " <think" })), want: { "0 answer": " <think" } },
  "white space for longer than a tag waits": { input: sse(chunk({ content: `${" ".repeat(65)}<think>x` })), want: { "0 answer": `${" ".repeat(65)}<think>x` } },
  "content in parts": { input: sse(chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }, { type: "text", text: "Hi" }] })), want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "a whole chat completion": { input: JSON.stringify({ object: "chat.completion", choices: [{ index: 0, message: { content: "Hi" } }] }, null, 2), want: { "0 answer": "Hi" } },
  "completions": { input: sse('{"choices":[{"index":0,"text":"H"}]}', '{"choices":[{"index":0,"text":"i"}]}'), want: { "0 answer": "Hi" } },
  "responses": {
    input: sse('{"type":"response.created","response":{"object":"response","output":[]}}', '{"type":"response.reasoning_summary_text.delta","delta":"hm"}',
      '{"type":"response.output_text.delta","delta":"Hi"}', '{"type":"response.output_text.done","text":"Hi"}',
      '{"type":"response.completed","response":{"status":"completed","output":[{"type":"reasoning","summary":[{"text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}}'),
    want: { "0 reasoning": "hm", "0 answer": "Hi" },
  },
  "responses whose text comes when it is done": {
    input: sse('{"type":"response.refusal.done","refusal":"No"}', '{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No"},{"type":"output_text","text":"Hi"}]}]}}'),
    want: { "0 refusal": "No", "0 answer": "Hi" },
  },
  "a whole response": { input: '{"object":"response","status":"completed","text":{"format":{}},"output":[{"type":"reasoning","content":[{"text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}', want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "messages": {
    input: `event: message_start\ndata: {"type":"message_start","message":{"content":[]}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}\n\n`
      + sse('{"type":"content_block_start","content_block":{"type":"text","text":""}}', '{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}', '{"type":"message_stop"}'),
    want: { "0 reasoning": "hm", "0 answer": "Hi" },
  },
  "a whole message": { input: '{"type":"message","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}', want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "gemini": { input: '[{"candidates":[{"index":1,"content":{"parts":[{"thought":true,"text":"hm"},{"text":"H{"}]}}]},\n{"candidates":[{"index":1,"content":{"parts":[{"text":"\\"}i"}]}}]}]', want: { "1 reasoning": "hm", "1 answer": 'H{"}i' } },
  "ollama": { input: '{"message":{"thinking":"hm","content":""},"done":false}\n{"message":{"content":"Hi"},"done":true}\n', want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "ollama generates": { input: '{"response":"H","done":false}\n{"response":"i","thinking":"hm","done":true}\n', want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "cohere": { input: sse('{"type":"content-delta","delta":{"message":{"content":{"thinking":"hm"}}}}', '{"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}'), want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "cohere plans a tool": { input: sse('{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"hm"}}}'), want: { "0 reasoning": "hm" } },
  "a whole answer of cohere": { input: '{"message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}]},"finish_reason":"COMPLETE"}', want: { "0 reasoning": "hm", "0 answer": "Hi" } },
  "text generation inference": { input: sse('{"token":{"text":"Hi","special":false}}', '{"token":{"text":"</s>","special":true},"generated_text":"Hi"}'), want: { "0 answer": "Hi" } },
  "its whole answer": { input: '{"generated_text":"Hi"}', want: { "0 answer": "Hi" } },
  "llama.cpp": { input: sse('{"index":1,"content":"H","stop":false}', '{"index":1,"content":"i","stop":true}'), want: { "1 answer": "Hi" } },
  "plain text": { input: "Hello:\nwörld", want: { "0 answer": "Hello:\nwörld" } },
  "text that is JSON, announced": { input: '{"a": 1}', format: "text", want: { "0 answer": '{"a": 1}' } },
  "text that begins like an event stream": { input: "data: nothing", want: { "0 answer": "data: nothing" } },
  "a word that begins like a field": { input: "dat", want: { "0 answer": "dat" } },
  "a document": { input: "<!DOCTYPE html><p>404</p>", want: {} },
  "text in angle brackets": { input: "<b>Hi</b>", want: { "0 answer": "<b>Hi</b>" } },
  "comments, ids, line ends of all kinds, and data in two lines": { input: `: hello\r\nid: 1\r\rretry: 5\ndata: {"choices":[{"index":0,\r\ndata: "delta":{"content":"Hi"}}]}\r\n\r\n`, want: { "0 answer": "Hi" } },
  "an event without its end": { input: `data: ${chunk({ content: "Hi" })}`, want: { "0 answer": "Hi" } },
  "what follows the end": { input: sse(chunk({ content: "Hi" }), "[DONE]", chunk({ content: "!" })), want: { "0 answer": "Hi" } },
  "what is no JSON": { input: sse(chunk({ content: "H" }), '{"choices', chunk({ content: "i" })), want: { "0 answer": "Hi" } },
  "an object that is broken": { input: `{"response":"H","done":false}\n{"response":"x\n{"response":"i","done":false}\n`, want: { "0 answer": "Hi" } },
  "an error alone": { input: sse('{"error":{"message":"no"}}'), want: {} },
  "a byte order mark": { input: `\uFEFF${sse(chunk({ content: "\uFEFFHi" }))}`, want: { "0 answer": "\uFEFFHi" } },
  "a format that is given": { input: sse('{"content":"Hi"}'), format: "llama.cpp", want: { "0 answer": "Hi" } },
  "nothing": { input: "", want: {} },
};

for (const [name, { input, format, want }] of Object.entries(CASES)) {
  test(`the reader finds the text of ${name}, as the core does, however it is cut`, (t) => {
    const whole = bytes(input);
    assert.deepEqual(byReader([whole], format), want);
    assert.deepEqual(byCore(whole, format ?? "auto"), want, "the core's text");
    const next = random(t);
    for (const chunks of [cut(whole, 1), cut(whole, 3), cut(whole, 40, next)]) {
      assert.deepEqual(byReader(chunks, format), want);
    }
  });
}

/** The repository's fixtures, and streams that may lie beside the repository. */
function streams(): URL[] {
  const beside = new URL("../../../shared/data/streams/", import.meta.url);
  return [fixtures, beside].filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(sse|ndjson|jsonl|json|txt)$/.test(name)).map((name) => new URL(name, folder)));
}

test("the reader finds the core's text in every recorded stream", async (t) => {
  const next = random(t);
  assert.ok(streams().length > 150);
  assert.deepEqual(byReader([demo]), byCore(demo, "auto"));
  for (const url of streams()) {
    await t.test(url.pathname.split("/").at(-1) ?? "", () => {
      const input = new Uint8Array(readFileSync(url));
      const want = byCore(input, "auto");
      if (url.pathname.endsWith("event-too-large.sse")) {
        // The reader shows the text of an event that is too large for the core.
        assert.ok(byReader([input])["0 answer"]?.startsWith(want["0 answer"] ?? "none"));
        return;
      }
      assert.deepEqual(byReader([input]), want);
      assert.deepEqual(byReader(cut(input, 500, next)), want);
    });
  }
});

test("without the text the same records are found, and the answer begins with the same bytes", (t) => {
  const next = random(t);
  const envelope = (index: number): string => JSON.stringify({ version: 1, events: [{ type: "fault", choice: 0, code: "invalid-json", offset: index }] });
  const carrier = (index: number): string => `{"choices":[],"finece":${envelope(index)}}`;
  const text = sse(chunk({ content: "Hi, fine" }));
  for (const input of [
    demo,
    bytes(`: data: nothing yet\n\n: finece ${envelope(1)}\n\n${text}`),
    bytes(`${text.repeat(3)}: finece ${envelope(1)}\n${text}${sse(carrier(2))}${text}data:\ndata: ${carrier(3)}\n\n${text}${sse("[DONE]", carrier(4))}`),
    bytes(`${text}\n\n${text}event: x\ndata: {"choices":[],\ndata: "finece":${envelope(1)}}\n\n${text}`),
    bytes(`${text}${sse(carrier(1))}${text}`.replaceAll("\n", "\r\n")),
    bytes(`${text}\n${sse(carrier(1))}${text.replaceAll("\n", "\r")}${sse(carrier(2))}`),
    bytes(`${text}data: ${carrier(1)}`),
  ]) {
    for (const most of input === demo ? [700, 70_000] : [1, 2, 50, 400]) {
      const whole = new AnswerReader(), lean = new AnswerReader({ text: false });
      for (const piece of cut(input, most, next)) {
        const want = whole.take(piece).filter(({ type }) => type !== "text");
        assert.deepEqual(lean.take(piece), want);
        assert.equal(lean.begun, whole.begun);
      }
      assert.deepEqual(lean.end(), whole.end().filter(({ type }) => type !== "text"));
      assert.equal(lean.version, input === demo ? 0 : 1);
    }
  }
});

const READS: Readonly<Record<string, readonly [input: string, want: readonly object[], begun: boolean, version?: number]>> = {
  "nothing": ["", [], false],
  "comments alone": [": OPENROUTER PROCESSING\n\n", [], false],
  "plain text": ["Hello there, how are you?", [{ type: "text", choice: 0, segment: "answer", text: "Hello there, how are you?" }], true],
  "an event that is no JSON": ["data: {\n\n", [], true],
  "an event that is null": [sse("[null]", "null", '"finece"', '{"a":"\\"finece\\""}'), [], true],
  "deltas that come together": [sse(chunk({ content: "a" }), chunk({ content: "b" }), chunk({ content: "c" }, 1), chunk({ refusal: "d" }, 1)), [
    { type: "text", choice: 0, segment: "answer", text: "ab" },
    { type: "text", choice: 1, segment: "answer", text: "c" },
    { type: "text", choice: 1, segment: "refusal", text: "d" },
  ], true],
  "a comment of somebody else": [`:finece {"version":1,"events":[]}\n: fine {"version":1,"events":[]}\n${sse(chunk({ content: "a" }))}`, [
    { type: "text", choice: 0, segment: "answer", text: "a" },
  ], true],
  "a comment that is no envelope": [`: finece nonsense\n: finece {"version":0,"events":[]}\n${sse("[DONE]")}`, [], true],
  "an envelope without records": [`: finece {"version":1,"id":"x","generator":"g","events":[]}\n${sse("[DONE]")}`, [
    { type: "start", version: 1, id: "x", generator: "g" },
  ], true, 1],
  "records in a comment and in an event": [
    `: finece {"version":1,"events":[{"type":"fault","choice":0,"code":"truncated","offset":7}]}\n${sse('{"choices":[],"finece":{"version":1,"events":[{"type":"end","choice":0,"reason":"stop","tokens":9,"reasoning":0}]}}')}`,
    [
      { type: "start", version: 1, id: null, generator: null },
      { type: "fault", choice: 0, code: "truncated", offset: 7, detail: null },
      { type: "end", choice: 0, reason: "stop", tokens: 9, reasoning: 0, approximate: false, missing: [] },
    ], true, 1,
  ],
  "a higher version": [`: finece {"version":1,"events":[]}\n: finece {"version":9,"events":[]}\n: finece {"version":1,"events":[{"type":"fault","choice":0,"code":"truncated"}]}\n${sse("[DONE]")}`, [
    { type: "start", version: 1, id: null, generator: null },
  ], true, 9],
  "what comes after the end": [`${sse(" [DONE] ")}: finece {"version":1,"events":[]}\n${sse(chunk({ content: "a" }), '{"finece":{"version":1,"events":[]}}')}`, [], true],
  "a long value that begins as the end does": [sse(`[DONE]${" ".repeat(10)}`, chunk({ content: "a" })), [{ type: "text", choice: 0, segment: "answer", text: "a" }], true],
};

for (const [name, [input, want, begun, version = 0]] of Object.entries(READS)) {
  test(`a reader of ${name}`, () => {
    for (const text of [true, false]) {
      const reader = new AnswerReader({ text, format: name === "plain text" ? "text" : "openai-chat" });
      assert.equal(reader.begun, false);
      assert.deepEqual([...reader.take(bytes(input)), ...reader.end()], want.filter((event) => text || !("text" in event)));
      assert.deepEqual([reader.begun, reader.version], [begun, version]);
    }
  });
}
