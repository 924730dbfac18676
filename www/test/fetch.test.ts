import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { confidenceFetch, type Fetch, type ResponseInfo, type StreamEvent } from "finece";
import { askedIn } from "../dist/question.js";
import { bodyOf, bytesOf, chat, completion, cut, demo, latest, serve, until } from "./support.js";

const streaming = { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "req-1", "set-cookie": "a=b" };

test("the response is the same, and its events are reported", async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, "Very OK", streaming);
    for (const chunk of cut(demo, 4000)) {
      response.write(chunk);
    }
    response.end();
  });
  const events: StreamEvent[] = [];
  const infos: ResponseInfo[] = [];
  const wrapped = confidenceFetch(fetch, {
    onResponse: (info) => { infos.push(info); },
    onEvent: (event, { number }) => {
      if (number === 1) {
        events.push(event);
      }
    },
  });
  const plain = await fetch(`${url}/v1/chat`);
  const response = await wrapped(new URL(`${url}/v1/chat`));
  assert.ok(response instanceof Response);
  const skip = (headers: Headers): [string, string][] => [...headers].filter(([name]) => name !== "date");
  assert.deepEqual(
    [response.status, response.statusText, response.url, response.redirected, response.type, response.ok, skip(response.headers)],
    [plain.status, plain.statusText, plain.url, plain.redirected, plain.type, plain.ok, skip(plain.headers)],
  );
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), new Uint8Array(await plain.arrayBuffer()));
  const [info] = infos;
  assert.ok(info !== undefined && infos.length === 1);
  await info.done;
  assert.deepEqual([info.number, info.url, info.headers.get("x-request-id")], [1, `${url}/v1/chat`, "req-1"]);
  assert.ok(latest(events).length > 8);
  const n = events.length;
  await (await wrapped(`${url}/v1/chat`)).text();
  await infos[1]?.done;
  assert.deepEqual([infos[1]?.number, events.length], [2, n]);
});

test("what is no stream is returned as it is", async (t) => {
  const url = await serve(t, (request, response) => {
    const [, status = "200", type = ""] = request.url?.split("/").map(decodeURIComponent) ?? [];
    response.writeHead(Number(status), { "content-type": type }).end(status === "204" ? undefined : "{}");
  });
  const responses: Response[] = [];
  const events: StreamEvent[] = [];
  const wrapped = confidenceFetch(async (input, init) => {
    const response = await fetch(input, init);
    responses.push(response);
    return response;
  }, { onEvent: (event) => { events.push(event); } });
  for (const path of ["200/application%2Fjson", "429/text%2Fevent-stream", "204/text%2Fevent-stream"]) {
    assert.equal(await wrapped(`${url}/${path}`), responses.at(-1), path);
  }
  assert.deepEqual(events, []);
  assert.notEqual(await wrapped(`${url}/200/application%2Fx-ndjson`), responses.at(-1));
  const throwing = confidenceFetch(fetch, { match: () => { throw new Error("mine"); } });
  assert.equal(await (await throwing(`${url}/200/text%2Fevent-stream`)).text(), "{}");
  await assert.rejects(wrapped("http://127.0.0.1:1/"), TypeError);
});

test("the question is the user's last message, for the confidence model alone", async (t) => {
  const asked: string[] = [];
  const model = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      asked.push(body);
      response.end(completion("0.5"));
    });
  });
  const url = await serve(t, (_, response) => { response.writeHead(200, streaming).end(chat("Forty-two.")); });
  const done: Promise<void>[] = [];
  const wrapped = confidenceFetch(fetch, { model: { url: model }, onResponse: (info) => { done.push(info.done); } });
  const body = JSON.stringify({ messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Six times seven?" }] });
  await (await wrapped(url, { method: "POST", body })).text();
  await Promise.all(done);
  assert.equal(asked.length, 2);
  assert.ok(asked.every((sent) => sent.includes("Six times seven?") && !sent.includes("Be brief.")));
});

test("questions in the providers' forms", () => {
  const user = (content: unknown): object[] => [{ role: "user", content: "Before" }, { role: "assistant", content: "Hm." }, { role: "user", content }];
  for (const [body, want] of [
    [{ messages: user("Why?") }, "Why?"],
    [{ messages: user([{ type: "text", text: "Why" }, { type: "image_url", image_url: { url: "x" } }, { type: "text", text: "so?" }]) }, "Why\nso?"],
    [{ input: "Why?" }, "Why?"],
    [{ input: user([{ type: "input_text", text: "Why?" }]) }, "Why?"],
    [{ contents: [{ role: "user", parts: [{ text: "Why?" }] }] }, "Why?"],
    [{ prompt: "Why?" }, "Why?"],
    [{ messages: [{ role: "system", content: "Be brief." }] }, undefined],
    [{ messages: user(null) }, undefined], [{ messages: 5 }, undefined], [[], undefined], [null, undefined],
  ] as const) {
    assert.equal(askedIn(JSON.stringify(body))?.question, want, JSON.stringify(body));
  }
  assert.equal(askedIn("not JSON"), undefined);
});

test("aborting the request, or cancelling the body, reaches the upstream", async (t) => {
  let closed = 0;
  const url = await serve(t, (_, response) => {
    response.on("close", () => { closed++; });
    response.writeHead(200, streaming).write(demo);
  });
  const wrapped = confidenceFetch(fetch);
  const control = new AbortController();
  const reader = (await wrapped(url, { signal: control.signal })).body?.getReader();
  await reader?.read();
  control.abort();
  await assert.rejects(async () => { while (!(await reader?.read())?.done); }, { name: "AbortError" });
  await until("the upstream saw the abort", () => closed === 1);

  const other = (await wrapped(url)).body?.getReader();
  await other?.read();
  await other?.cancel();
  await until("the upstream saw the cancel", () => closed === 2);
});

test("aborting the request after its text has ended ends the scoring too, as does the option", async (t) => {
  let arrived = 0, gone = 0;
  const judge = await serve(t, (request, response) => {
    response.on("close", () => { gone++; });
    void bodyOf(request).then(() => { arrived++; }); // never replies
  });
  const url = await serve(t, (_, response) => { response.writeHead(200, streaming).end(chat("One.\n\n", "Two.")); });
  for (const how of ["init", "Request", "option", "option alone"] as const) {
    arrived = gone = 0;
    let done: Promise<void> | undefined;
    const request = new AbortController();
    const option = new AbortController();
    const wrapped = confidenceFetch(fetch, {
      model: { url: judge }, question: "?", onResponse: (info) => { done = info.done; },
      ...(how === "init" ? {} : { signal: option.signal }),
    });
    const { signal } = request;
    const response = how === "Request" ? wrapped(new Request(url, { signal }))
      : how === "option alone" ? wrapped(url) : wrapped(url, { signal });
    await (await response).text();
    await until("the judge is asked", () => arrived === 3);
    (how === "init" || how === "Request" ? request : option).abort();
    await until("it hears of the abort", () => gone === 3);
    await done;
  }
});

test("openai-node streams through it as without it", async (t) => {
  const url = await serve(t, (request, response) => {
    request.resume();
    response.writeHead(200, streaming);
    for (const chunk of cut(demo, 3000)) {
      response.write(chunk);
    }
    response.end();
  });
  const ask = async (fetch?: Fetch): Promise<unknown[]> => {
    const client = new OpenAI({ baseURL: url, apiKey: "none", ...(fetch === undefined ? {} : { fetch }) });
    const chunks: unknown[] = [];
    for await (const chunk of await client.chat.completions.create({
      model: "demo", stream: true, logprobs: true, messages: [{ role: "user", content: "How much?" }],
    })) {
      chunks.push(chunk);
    }
    return chunks;
  };
  const events: StreamEvent[] = [];
  let done: Promise<void> | undefined;
  const chunks = await ask(confidenceFetch(fetch, {
    onResponse: (info) => { done = info.done; }, onEvent: (event) => { events.push(event); },
  }));
  await done;
  assert.ok(chunks.length > 100);
  assert.deepEqual(chunks, await ask());
  assert.ok(latest(events).slice(1).every(({ state }) => state === "final"));
});

test("events come while the stream is open", async (t) => {
  let finish: (() => void) | undefined;
  const url = await serve(t, (_, response) => {
    response.writeHead(200, streaming).write(demo.subarray(0, demo.length >> 1));
    finish = () => response.end(demo.subarray(demo.length >> 1));
  });
  const events: StreamEvent[] = [];
  const response = await confidenceFetch(fetch, { onEvent: (event) => { events.push(event); } })(url);
  const bytes = bytesOf(response.body ?? assert.fail());
  await until("half the confidences are there", () => latest(events).length > 2);
  finish?.();
  assert.deepEqual(await bytes, demo);
});
