import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type InferUIMessageChunk, type UIMessage, createUIMessageStream, generateText, readUIMessageStream, streamText, wrapLanguageModel } from "ai";
import { type FineceError, type StreamEvent, confidenceFetch, confidences } from "finece";
import { type ConfidenceMiddlewareOptions, type FineceDataParts, type FineceMetadata, type FinecePart, confidenceMiddleware, confidenceParts, confidencesOf } from "finece/ai-sdk";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";
import { RECORD_DEFAULTS } from "../dist/contract.js";
import { positionsOf } from "./badge-support.js";
import { HUNG, bodyOf, completion, cut, demo, fixtures, latest, quiet, serve, until } from "./support.js";

type Message = UIMessage<unknown, FineceDataParts>;
type Chunk = InferUIMessageChunk<Message>;

/** A server that replays the demo stream, and what it heard. */
async function replaying(t: TestContext, hold = false): Promise<{ url: string; bodies: string[]; left: () => boolean; destroy: () => void }> {
  const bodies: string[] = [];
  let destroy = (): void => undefined;
  let left = false;
  const url = await serve(t, (request, response) => {
    void (async () => {
      bodies.push(await bodyOf(request));
      destroy = () => { response.destroy(); };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.on("close", () => { left ||= !response.writableFinished; });
      for (const chunk of cut(demo, 3000)) {
        response.write(chunk);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      if (!hold) {
        response.end();
      }
    })();
  });
  return { url, bodies, left: () => left, destroy: () => { destroy(); } };
}

const modelAt = (url: string, fetch?: typeof globalThis.fetch) =>
  createOpenAICompatible({ name: "demo", baseURL: url, ...(fetch === undefined ? {} : { fetch }) }).chatModel("demo");

async function lastMessage(stream: ReturnType<typeof createUIMessageStream<Message>>, onPart?: (part: FinecePart) => void): Promise<Message> {
  let message: Message | undefined;
  const watched = stream.pipeThrough(new TransformStream<Chunk, Chunk>({
    transform(part, controller) {
      if (part.type === "data-finece") {
        onPart?.(part as FinecePart);
      }
      controller.enqueue(part);
    },
  }));
  for await (const next of readUIMessageStream<Message>({ stream: watched })) {
    message = next;
  }
  assert.ok(message !== undefined);
  return message;
}

const textOf = (message: Message): string => message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");

test("the middleware scores the raw chunks, and revisions replace their parts in the message", async (t) => {
  const { url, bodies } = await replaying(t);
  const written: FinecePart[] = [];
  const message = await lastMessage(createUIMessageStream<Message>({
    execute({ writer }) {
      const model = wrapLanguageModel({
        model: modelAt(url), middleware: confidenceMiddleware({ estimator: "leco", onEvent: confidenceParts(writer) }),
      });
      writer.merge(streamText({ model, prompt: "How much?", providerOptions: { demo: { logprobs: true, top_logprobs: 5 } } }).toUIMessageStream());
    },
  }), (part) => written.push(part));
  assert.match(bodies[0] ?? "", /"stream":true/);
  const expected = await positionsOf(demo, { estimator: "leco", question: "How much?" });
  const positions = confidencesOf(message);
  assert.deepEqual(positions, expected);
  assert.ok(written.length > positions.length, "there were revisions");
  assert.equal(message.parts.filter(({ type }) => type === "data-finece").length, positions.length, "and none of them is a part of its own");
  const text = textOf(message);
  assert.ok(text.startsWith("A baker sells") && text.endsWith("✅"));
  assert.equal(text.slice(0, positions[1]?.utf16).split("\n").length, 1);
  assert.doesNotThrow(() => JSON.stringify(message));
});

test("raw chunks reach only who asked for them, and the parts are otherwise the same", async (t) => {
  const { url } = await replaying(t);
  const partsOf = async (wrapped: boolean, includeRawChunks: boolean): Promise<string[]> => {
    const model = wrapped ? wrapLanguageModel({ model: modelAt(url), middleware: confidenceMiddleware() }) : modelAt(url);
    const parts: string[] = [];
    const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "How much?" }] }];
    const { stream } = await model.doStream({ prompt, includeRawChunks });
    for await (const part of stream as unknown as AsyncIterable<{ type: string; delta?: string }>) {
      parts.push(part.delta ?? part.type);
    }
    return parts;
  };
  assert.deepEqual(await partsOf(true, false), await partsOf(false, false));
  assert.deepEqual(await partsOf(true, true), await partsOf(false, true));
});

test("confidenceFetch and the parts do without the middleware", async (t) => {
  const { url } = await replaying(t);
  const message = await lastMessage(createUIMessageStream<Message>({
    execute({ writer }) {
      const fetch = confidenceFetch(globalThis.fetch, { onEvent: confidenceParts(writer, "step1:") });
      writer.merge(streamText({ model: modelAt(url, fetch), prompt: "How much?" }).toUIMessageStream());
    },
  }));
  assert.deepEqual(confidencesOf(message), await positionsOf(demo, {}));
  assert.ok(message.parts.every((part) => part.type !== "data-finece" || part.id?.startsWith("step1:0:")));
});

test("a confidence model's late replies come before the end, whose wait is bounded; a model that is down costs no text", async (t) => {
  const { url } = await replaying(t);
  const asked: string[] = [];
  let ended = false;
  const judge = await serve(t, (request, response) => {
    void bodyOf(request).then(async (body) => {
      asked.push(body);
      await until("the answer has ended", () => ended);
      response.writeHead(200, { "content-type": "application/json" }).end(completion("0.25"));
    });
  });
  const run = async (endpoint: string, settle: number): Promise<Message> => lastMessage(createUIMessageStream<Message>({
    execute({ writer }) {
      const tell = confidenceParts(writer);
      const onEvent = (event: StreamEvent, call: number): void => {
        ended ||= event.type === "end";
        tell(event, call);
      };
      const middleware = confidenceMiddleware({ model: { url: endpoint, retries: 0 }, settle, onEvent, onError: () => undefined });
      writer.merge(streamText({ model: wrapLanguageModel({ model: modelAt(url), middleware }), prompt: "How much is it?" }).toUIMessageStream());
    },
  }));
  const message = await run(`${judge}/v1/chat/completions`, HUNG);
  const positions = confidencesOf(message);
  assert.equal(positions.at(-1)?.fused, 0.25);
  assert.ok(positions.every(({ state }) => state === "final"), JSON.stringify(positions.map(({ state }) => state)));
  assert.ok(asked.some((body) => body.includes("How much is it?")), "the question is the user's last message");

  const down = await serve(t, () => undefined); // never replies
  const other = await run(`${down}/v1/chat/completions`, 100);
  assert.ok(textOf(other).endsWith("✅"));
  assert.ok(confidencesOf(other).every(({ fused }) => fused === null));
});

test("a finished answer's confidences are in its metadata", async (t) => {
  // The demo stream's answer in one piece.
  const pieces = new TextDecoder().decode(demo).match(/^data: \{.*$/gm)?.map((line) => JSON.parse(line.slice(6)) as {
    choices: { delta: { content?: string }; logprobs: { content: object[] } | null }[];
  }) ?? [];
  const choices = pieces.flatMap((piece) => piece.choices);
  const message = { role: "assistant", content: choices.map(({ delta }) => delta.content ?? "").join("") };
  const logprobs = { content: choices.flatMap(({ logprobs }) => logprobs?.content ?? []), refusal: null };
  const answer = {
    id: "1", object: "chat.completion", created: 1, model: "demo",
    choices: [{ index: 0, message, logprobs, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 155, total_tokens: 156 },
  };
  let held = false, waiting = false;
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then(() => {
      waiting = held;
      if (!held) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      }
    });
  });
  const judge = await serve(t, (request, response) => {
    void bodyOf(request).then(() => response.writeHead(200, { "content-type": "application/json" }).end(completion("0.25")));
  });
  const ask = async (options: ConfidenceMiddlewareOptions, abortSignal?: AbortSignal): Promise<FineceMetadata> => {
    const { text, providerMetadata } = await generateText({
      model: wrapLanguageModel({ model: modelAt(url), middleware: confidenceMiddleware(options) }), prompt: "How much?", maxRetries: 0,
      ...(abortSignal === undefined ? {} : { abortSignal }),
    });
    assert.equal(text, message.content);
    assert.ok(providerMetadata !== undefined && "demo" in providerMetadata, "the provider's own is kept");
    return providerMetadata["finece"] as unknown as FineceMetadata;
  };
  const positionsIn = (finece: FineceMetadata): PositionConfidence[] => ConfidenceLog.from(finece).positions();
  const confidences = positionsIn(await ask({}));
  assert.deepEqual(confidences, await positionsOf(demo, { question: "How much?" }), "as if it had been streamed");
  const judged = positionsIn(await ask({ model: { url: `${judge}/v1/chat/completions` } }));
  assert.equal(judged.length, confidences.length);
  assert.deepEqual(judged.at(-1)?.source, { ...RECORD_DEFAULTS.source, estimator: "model", basis: "parsed" });
  // Those that newer ones made stale were never asked for.
  assert.ok(judged.every(({ fused, reason }) => (reason === "superseded" ? fused === null : fused === 0.25)));
  held = true;
  const abort = new AbortController();
  const asking = assert.rejects(ask({}, abort.signal), /abort/i);
  await until("the request is there", () => waiting);
  abort.abort();
  await asking;
});

test("who leaves, or a connection that breaks, aborts the request and the scoring", async (t) => {
  let arrived = 0, gone = 0;
  const judge = await serve(t, (request, response) => {
    response.on("close", () => { gone++; });
    void bodyOf(request).then(() => { arrived++; }); // never replies
  });
  for (const how of ["abort", "break"] as const) {
    const { url, left, destroy } = await replaying(t, true);
    arrived = gone = 0;
    const events: StreamEvent[] = [];
    const abort = new AbortController();
    const middleware = confidenceMiddleware({ model: { url: judge }, onEvent: (event) => { events.push(event); }, onError: () => undefined });
    const model = wrapLanguageModel({ model: modelAt(url), middleware });
    const { fullStream } = streamText({ model, prompt: "How much?", abortSignal: abort.signal, onError: () => undefined });
    let parts = 0;
    const read = async (): Promise<void> => {
      for await (const part of fullStream) {
        if (part.type === "text-delta" && ++parts === 60) {
          await until("the judge is asked", () => arrived > 0);
          (how === "abort" ? () => { abort.abort(); } : destroy)();
        }
      }
    };
    await (how === "abort" ? read() : assert.rejects(read()));
    await until("the servers see it", () => left() && gone === arrived);
    assert.ok(latest(events).length > 2 && latest(events).every(({ state }) => state === "unavailable"), how);
    const count = events.length;
    await quiet();
    assert.deepEqual([events.length, gone], [count, arrived]);
  }
});

/** What the middleware says of the parts of a model's streams, one call after the other, and which parts pass. */
async function scored(calls: readonly (readonly object[])[], options: ConfidenceMiddlewareOptions = {}, prompt: object[] = []) {
  const events: StreamEvent[] = [];
  const passed: object[] = [];
  const middleware = confidenceMiddleware({
    ...options,
    onEvent(event, call) {
      events.push(event);
      options.onEvent?.(event, call);
    },
  });
  for (const parts of calls) {
    const { stream } = await middleware.wrapStream({
      params: { prompt: prompt as [], includeRawChunks: true },
      model: { doStream: () => Promise.resolve({ stream: partsOf(parts) }) },
    });
    for await (const part of stream) {
      passed.push(part);
    }
  }
  return { events, passed };
}

const partsOf = (parts: readonly object[]): ReadableStream<{ type: string }> => new ReadableStream<{ type: string }>({
  start(controller) {
    parts.forEach((part) => { controller.enqueue(part as { type: string }); });
    controller.close();
  },
});
const raw = (bytes: Uint8Array): object[] => (new TextDecoder().decode(bytes).match(/^data: ?\{.*$/gm) ?? [])
  .map((line) => ({ type: "raw", rawValue: JSON.parse(line.replace(/^data: ?/, "")) as unknown }));

test("an answer that broke off is not taken for a whole one", async (t) => {
  const broken = demo.slice(0, new TextDecoder().decode(demo).indexOf("\n\n", demo.length >> 1) + 2);
  const url = await serve(t, (request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" }).end(broken);
  });
  const events: StreamEvent[] = [];
  const model = wrapLanguageModel({ model: modelAt(url), middleware: confidenceMiddleware({ onEvent: (event) => { events.push(event); } }) });
  await streamText({ model, prompt: "How much?", onError: () => undefined }).consumeStream();
  const whole: StreamEvent[] = [];
  for await (const event of confidences(new Response(broken), { text: false, question: "How much?" })) {
    whole.push(event);
  }
  const [end] = latest(events).slice(-1);
  assert.equal(end?.state === "unavailable" && end.reason, "stream-failed");
  assert.ok(events.some((event) => event.type === "fault" && event.code === "truncated"));
  assert.deepEqual(latest(events), latest(whole));
  assert.deepEqual(events.filter(({ type }) => type === "end"), whole.filter(({ type }) => type === "end"));
});

test("answers end as their providers say, with no end marker among the raw chunks", async () => {
  for (const [name, finish] of [
    ["openai/chat", "stop"], ["openai/chat-length", "length"], ["openai/responses", "stop"], ["openai/chat-tools", "tool_calls"],
    ["anthropic/messages-thinking", "stop"], ["gemini/stream", "stop"], ["gemini/stream-safety", "content_filter"],
    ["tgi/chat", "stop"], ["vllm/chat-length", "length"], ["llama.cpp/chat", "stop"], ["litellm/chat", "stop"],
  ] as const) {
    const { events } = await scored([raw(readFileSync(new URL(`${name}.sse`, fixtures)))]);
    assert.deepEqual(events.flatMap((event) => (event.type === "end" ? [event.reason] : event.type === "fault" ? [event.code] : [])), [finish], name);
  }
});

test("what JSON cannot say costs the scoring, which says so, and not the text", async () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  for (const rawValue of [{ n: 1n }, cycle]) {
    const parts = [...raw(demo).slice(0, 40), { type: "raw", rawValue }, { type: "text-delta", id: "1", delta: "Hello" }];
    const errors: FineceError[] = [];
    const { events, passed } = await scored([parts], { onError: (error) => { errors.push(error); } });
    assert.deepEqual(passed, parts);
    assert.deepEqual(errors.map(({ code }) => code), ["argument"]);
    assert.equal(events.at(-1)?.type, "lost");
    assert.ok(latest(events).every(({ state }) => state === "final" || state === "unavailable"));
  }
});

test("files in the prompt are not looked at", async () => {
  const file = (data: unknown): object => ({ type: "file", mediaType: "image/png", data });
  const unread = new Proxy(new Uint8Array(8), { get: () => assert.fail("the file was read"), ownKeys: () => assert.fail("the file was read") });
  const asked: string[] = [];
  const redact = (body: string): null => {
    asked.push(body);
    return null;
  };
  await scored([raw(demo)], { model: { url: "http://judge/", redact } }, [
    { role: "user", content: [file(unread), { type: "text", text: "Before?" }] }, { role: "assistant", content: [file(unread)] },
    { role: "user", content: [file(unread), { type: "text", text: "What is it?" }] }, { role: "tool", content: [{ type: "tool-result", output: unread }] },
  ]);
  assert.ok(asked.length > 0 && asked.every((body) => body.includes("What is it?") && !body.includes("Before?")));
});

test("the calls of one answer, as tools make them, keep their positions apart", async () => {
  const first = raw(demo), second = raw(demo).slice(-60);
  const alone = async (parts: readonly object[]): Promise<PositionConfidence[]> => {
    const log = new ConfidenceLog();
    (await scored([parts])).events.forEach((event) => { log.apply(event); });
    return log.positions();
  };
  const calls = new Set<number>();
  const message = new Map<string, FinecePart>();
  const listener = confidenceParts({ write: (part) => message.set(part.id, part) });
  await scored([first, second], {
    onEvent(event, call) {
      calls.add(call);
      listener(event, call);
    },
  });
  assert.deepEqual([...calls], [0, 1]);
  const parts = [...message.values()];
  const [one, two] = [await alone(first), await alone(second)];
  assert.ok(one.length > two.length && two.length > 1);
  assert.deepEqual(confidencesOf({ parts }, 0), one);
  assert.deepEqual(confidencesOf({ parts }, 1), two);
  assert.deepEqual(confidencesOf({ parts: parts.reverse() }), [...one, ...two]);
});
