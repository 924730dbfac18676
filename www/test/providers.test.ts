import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { confidenceFetch, type StreamEvent } from "finece";
import { askForLogprobs, providerAt } from "finece/providers";
import { bodyOf, demo, serve, until } from "./support.js";

test("the provider of an address", () => {
  for (const [url, name] of [
    ["https://api.openai.com/v1/chat/completions", "OpenAI, chat completions"],
    ["https://api.openai.com/v1/responses", "OpenAI, Responses"],
    ["https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", "Azure OpenAI"],
    ["https://europe-west1-aiplatform.googleapis.com/v1/models/gemini-2.5-flash:streamGenerateContent", "Gemini, Vertex AI"],
    ["https://api.openai.com.example.org/v1/chat/completions", undefined],
    ["https://my-openrouter.ai/api/v1/chat/completions", undefined],
    ["https://notapi.groq.com/openai/v1/chat/completions", undefined],
    ["https://api.openai.com/v1/files", undefined],
    ["/v1/chat/completions", undefined],
  ] as const) {
    assert.equal(providerAt(url)?.name, name, url);
  }
  assert.equal(providerAt(new URL("https://api.groq.com/openai/v1/chat/completions"))?.logprobs, "no");
});

/** What a fetch is called with for an address and a body. */
async function asked(url: string, body: string | undefined): Promise<string | undefined> {
  let sent: string | undefined;
  await askForLogprobs((_, init) => {
    sent = typeof init?.body === "string" ? init.body : undefined;
    return Promise.resolve(new Response(""));
  })(url, { method: "POST", ...(body === undefined ? {} : { body }) });
  return sent;
}

test("a request asks by the fields of its provider", async () => {
  const chat = "https://api.openai.com/v1/chat/completions";
  const gemini = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent";
  for (const [url, body, want] of [
    [chat, '{"model":"m"}', '{"model":"m","logprobs":true,"top_logprobs":5}'],
    [chat, '{"logprobs":false,"top_logprobs":2}', '{"logprobs":false,"top_logprobs":2}'],
    [chat, '{"logprobs": true, "top_logprobs": 0}', '{"logprobs": true, "top_logprobs": 0}'],
    ["http://127.0.0.1:8000/v1/chat/completions", "{}", '{"logprobs":true,"top_logprobs":5}'],
    ["/v1/completions", "{}", '{"logprobs":5}'],
    ["http://127.0.0.1:8000/api/chat", "{}", "{}"],
    ["https://api.groq.com/openai/v1/chat/completions", "{}", "{}"],
    [gemini, '{"generationConfig":{"temperature":1}}', '{"generationConfig":{"temperature":1,"responseLogprobs":true,"logprobs":5}}'],
    [gemini, '{"generationConfig":null}', '{"generationConfig":null}'],
    [chat, "[]", "[]"],
    [chat, "{", "{"],
    [chat, undefined, undefined],
  ] as const) {
    assert.equal(await asked(url, body), want, `${url} ${String(body)}`);
  }
});

test("an SDK's answer is scored although the request did not ask for log-probabilities", async (t) => {
  const bodies: string[] = [];
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push(body);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(demo);
    });
  });
  const events: StreamEvent[] = [];
  const client = new OpenAI({
    baseURL: `${url}/v1`, apiKey: "k",
    fetch: confidenceFetch(askForLogprobs(fetch), { onEvent: (event) => { events.push(event); } }),
  });
  let text = "";
  for await (const chunk of await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "?" }], stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  assert.match(text, /./);
  assert.deepEqual(bodies.map((body) => (JSON.parse(body) as { logprobs?: boolean }).logprobs), [true]);
  await until("a final confidence comes", () => events.some((event) => event.type === "confidence" && event.state === "final"));
});

test("a request that is refused with the fields is sent once more as it was", async (t) => {
  const bodies: string[] = [];
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push(body);
      response.writeHead(body.includes("logprobs") ? 400 : 200);
      response.end(body.includes("logprobs") ? "logprobs is not supported with this model" : "fine");
    });
  });
  const response = await askForLogprobs(fetch)(`${url}/v1/chat/completions`, { method: "POST", body: '{"model":"o"}', headers: { "content-type": "application/json" } });
  assert.deepEqual([response.status, await response.text(), bodies], [200, "fine", ['{"model":"o","logprobs":true,"top_logprobs":5}', '{"model":"o"}']]);
});
