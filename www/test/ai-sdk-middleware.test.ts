import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type InferUIMessageChunk, type UIMessage, createUIMessageStream, generateText, readUIMessageStream, streamText, wrapLanguageModel } from "ai";
import { type StreamEvent, confidenceFetch } from "finece";
import { type ConfidenceMiddlewareOptions, type FineceDataParts, type FineceMetadata, type FinecePart, confidenceMiddleware, confidenceParts, confidencesOf } from "finece/ai-sdk";
import { positionsOf } from "./badge-support.js";
import { bodyOf, completion, cut, demo, serve, until } from "./support.js";

type Message = UIMessage<unknown, FineceDataParts>;
type Chunk = InferUIMessageChunk<Message>;

/** A server that replays the demo stream, and what it heard. */
async function replaying(t: TestContext, hold = false): Promise<{ url: string; bodies: string[]; left: () => boolean }> {
  const bodies: string[] = [];
  let left = false;
  const url = await serve(t, (request, response) => {
    void (async () => {
      bodies.push(await bodyOf(request));
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
  return { url, bodies, left: () => left };
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
  const judge = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      asked.push(body);
      setTimeout(() => { response.writeHead(200, { "content-type": "application/json" }).end(completion("0.25")); }, 60);
    });
  });
  const run = async (endpoint: string, settle: number): Promise<Message> => lastMessage(createUIMessageStream<Message>({
    execute({ writer }) {
      const middleware = confidenceMiddleware({
        model: { url: endpoint, retries: 0 }, settle, onEvent: confidenceParts(writer), onError: () => undefined,
      });
      writer.merge(streamText({ model: wrapLanguageModel({ model: modelAt(url), middleware }), prompt: "How much is it?" }).toUIMessageStream());
    },
  }));
  const message = await run(`${judge}/v1/chat/completions`, 5000);
  const positions = confidencesOf(message);
  assert.equal(positions.at(-1)?.value, 0.25);
  assert.ok(positions.every(({ state }) => state === "final"), JSON.stringify(positions.map(({ state }) => state)));
  assert.ok(asked.some((body) => body.includes("How much is it?")), "the question is the user's last message");

  const down = await serve(t, () => undefined); // never replies
  const start = performance.now();
  const other = await run(`${down}/v1/chat/completions`, 100);
  assert.ok(performance.now() - start < 4000);
  assert.ok(textOf(other).endsWith("✅"));
  assert.ok(confidencesOf(other).every(({ value }) => value === null));
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
  let held = false;
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then(() => {
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
  const { confidences } = await ask({});
  assert.deepEqual(confidences, await positionsOf(demo, { question: "How much?" }), "as if it had been streamed");
  const judged = await ask({ model: { url: `${judge}/v1/chat/completions` } });
  assert.equal(judged.confidences.length, confidences.length);
  assert.deepEqual(judged.confidences.at(-1)?.source, { estimator: "model", basis: "parsed", mass: null });
  // Those that newer ones made stale were never asked for.
  assert.ok(judged.confidences.every(({ value, reason }) => (reason === "superseded" ? value === null : value === 0.25)));
  held = true;
  const abort = new AbortController();
  setTimeout(() => { abort.abort(); }, 50);
  await assert.rejects(ask({}, abort.signal), /abort/i);
});

test("who leaves aborts the request and the scoring", async (t) => {
  const { url, left } = await replaying(t, true);
  const events: StreamEvent[] = [];
  const abort = new AbortController();
  const model = wrapLanguageModel({ model: modelAt(url), middleware: confidenceMiddleware({ onEvent: (event) => { events.push(event); } }) });
  const { fullStream } = streamText({ model, prompt: "How much?", abortSignal: abort.signal, onError: () => undefined });
  let parts = 0;
  for await (const part of fullStream) {
    if (part.type === "text-delta" && ++parts === 20) {
      abort.abort();
    }
  }
  await until("the server sees it", left);
  const count = events.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(events.length, count);
});
