// Asks questions through gateways, with stock clients. One line of JSON each on standard output,
// which a test of `finece serve` checks: make test-clients.
//
//   node clients.js ANNOTATE WITHHOLD: the addresses of two gateways, without /v1
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatAnthropic } from "@langchain/anthropic";
import type { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, type LanguageModel, Output, streamText, tool } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const TEXT = "Say the text.", JSON_TEXT = "Say it as JSON.", CALL = "Call the tool.";
const City = z.object({ city: z.string(), people: z.number() });
const Weather = z.object({ city: z.string() });
const PARAMETERS = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const CHAT_TOOL = { type: "function" as const, function: { name: "weather", description: "the weather", parameters: PARAMETERS } };

type Shown = { text: string; finish?: string | null | undefined } | { parsed: unknown } | { tool: string; arguments: unknown };
type Cases = Record<string, () => Promise<Shown>>;

const ask = (content: string): [{ role: "user"; content: string }] => [{ role: "user", content }];

function openAIChat(url: string): Cases {
  const { completions } = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 }).chat;
  const asked = { model: "m", messages: ask(TEXT) };
  const called = (call: OpenAI.ChatCompletionMessageToolCall | undefined): Shown => {
    assert(call?.type === "function");
    return { tool: call.function.name, arguments: JSON.parse(call.function.arguments) };
  };
  return {
    async stream() {
      let text = "", finish = "";
      for await (const chunk of await completions.create({ ...asked, stream: true })) {
        text += chunk.choices[0]?.delta.content ?? "";
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
      return { text, finish };
    },
    async helper() {
      const choice = (await completions.stream(asked).finalChatCompletion()).choices[0];
      return { text: choice?.message.content ?? "", finish: choice?.finish_reason };
    },
    async plain() {
      const choice = (await completions.create(asked)).choices[0];
      return { text: choice?.message.content ?? "", finish: choice?.finish_reason };
    },
    async parse() {
      return { parsed: (await completions.parse({ model: "m", messages: ask(JSON_TEXT), response_format: zodResponseFormat(City, "city") })).choices[0]?.message.parsed };
    },
    tool: async () => called((await completions.create({ model: "m", messages: ask(CALL), tools: [CHAT_TOOL] })).choices[0]?.message.tool_calls?.[0]),
    tool_stream: async () => called((await completions.stream({ model: "m", messages: ask(CALL), tools: [CHAT_TOOL] }).finalChatCompletion()).choices[0]?.message.tool_calls?.[0]),
  };
}

function openAIResponses(url: string): Cases {
  const { responses } = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 });
  const finish = (r: OpenAI.Responses.Response): string | undefined => r.incomplete_details?.reason ?? r.status;
  const tools = [{ ...CHAT_TOOL.function, type: "function" as const, strict: true }];
  const called = (item: OpenAI.Responses.ResponseOutputItem | undefined): Shown => {
    assert(item?.type === "function_call");
    return { tool: item.name, arguments: JSON.parse(item.arguments) };
  };
  const read = async (events: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>): Promise<Shown> => {
    let text = "", finished: string | undefined;
    for await (const event of events) {
      if (event.type === "response.output_text.delta") {
        text += event.delta;
      } else if (event.type === "response.completed" || event.type === "response.incomplete") {
        finished = finish(event.response);
      }
    }
    return { text, finish: finished };
  };
  return {
    stream: async () => read(await responses.create({ model: "m", input: TEXT, stream: true })),
    helper: async () => read(responses.stream({ model: "m", input: TEXT })),
    async plain() {
      const response = await responses.create({ model: "m", input: TEXT });
      return { text: response.output_text, finish: finish(response) };
    },
    async parse() {
      return { parsed: (await responses.parse({ model: "m", input: JSON_TEXT, text: { format: zodTextFormat(City, "city") } })).output_parsed };
    },
    tool: async () => called((await responses.create({ model: "m", input: CALL, tools })).output[0]),
    tool_stream: async () => called((await responses.stream({ model: "m", input: CALL, tools }).finalResponse()).output[0]),
  };
}

function anthropicMessages(url: string): Cases {
  const { messages } = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0 });
  const asked = { model: "claude-m", max_tokens: 100 };
  const shown = (m: Anthropic.Message): Shown => ({ text: m.content.map((b) => (b.type === "text" ? b.text : "")).join(""), finish: m.stop_reason });
  const tools = [{ name: "weather", description: "the weather", input_schema: PARAMETERS }];
  const called = (m: Anthropic.Message): Shown => {
    const block = m.content[0];
    assert(block?.type === "tool_use");
    return { tool: block.name, arguments: block.input };
  };
  return {
    async stream() {
      let text = "", finish: string | null = null;
      for await (const event of await messages.create({ ...asked, messages: ask(TEXT), stream: true })) {
        if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
          text += event.delta.text;
        } else if (event.type === "message_delta") {
          finish = event.delta.stop_reason;
        }
      }
      return { text, finish };
    },
    helper: async () => shown(await messages.stream({ ...asked, messages: ask(TEXT) }).finalMessage()),
    plain: async () => shown(await messages.create({ ...asked, messages: ask(TEXT) })),
    tool: async () => called(await messages.create({ ...asked, messages: ask(CALL), tools })),
    tool_stream: async () => called(await messages.stream({ ...asked, messages: ask(CALL), tools }).finalMessage()),
  };
}

function aiSDK(model: LanguageModel): Cases {
  const tools = { weather: tool({ description: "the weather", inputSchema: Weather, execute: ({ city }) => `sun in ${city}` }) };
  return {
    async stream() {
      const result = streamText({ model, prompt: TEXT, maxRetries: 0, onError: ({ error }) => { throw error; } });
      let text = "";
      for await (const piece of result.textStream) {
        text += piece;
      }
      return { text, finish: await result.finishReason };
    },
    async plain() {
      const { text, finishReason } = await generateText({ model, prompt: TEXT, maxRetries: 0 });
      return { text, finish: finishReason };
    },
    parse: async () => ({ parsed: (await generateText({ model, prompt: JSON_TEXT, output: Output.object({ schema: City }), maxRetries: 0 })).output }),
    async tool() {
      const call = (await generateText({ model, prompt: CALL, tools, maxRetries: 0 })).toolResults[0];
      assert.equal(call?.output, "sun in Paris");
      return { tool: call.toolName, arguments: call.input };
    },
    async tool_stream() {
      const call = (await streamText({ model, prompt: CALL, tools, maxRetries: 0 }).toolResults)[0];
      assert.equal(call?.output, "sun in Paris");
      return { tool: call.toolName, arguments: call.input };
    },
  };
}

function langChain(model: ChatOpenAI | ChatAnthropic, finish: (metadata: Record<string, unknown>) => unknown): Cases {
  const shown = (m: AIMessage | AIMessageChunk | undefined): Shown => {
    assert(m !== undefined);
    return { text: m.text, finish: finish({ ...m.response_metadata, ...m.additional_kwargs }) as string };
  };
  const called = (m: AIMessage | AIMessageChunk | undefined): Shown => {
    const call = m?.tool_calls?.[0];
    assert(call !== undefined);
    return { tool: call.name, arguments: call.args };
  };
  const whole = async (chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk | undefined> => {
    let all: AIMessageChunk | undefined;
    for await (const chunk of chunks) {
      all = all === undefined ? chunk : all.concat(chunk);
    }
    return all;
  };
  const withTool = model.bindTools([CHAT_TOOL]);
  return {
    stream: async () => shown(await whole(await model.stream(TEXT))),
    plain: async () => shown(await model.invoke(TEXT)),
    parse: async () => ({ parsed: await model.withStructuredOutput(City, { name: "city", method: "jsonSchema" }).invoke(JSON_TEXT) }),
    tool: async () => called(await withTool.invoke(CALL)),
    tool_stream: async () => called(await whole(await withTool.stream(CALL))),
  };
}

const chatModel = (url: string, useResponsesApi: boolean): ChatOpenAI =>
  new ChatOpenAI({ model: "m", apiKey: "k", maxRetries: 0, useResponsesApi, configuration: { baseURL: `${url}/v1` } });
const openAI = (url: string): ReturnType<typeof createOpenAI> => createOpenAI({ baseURL: `${url}/v1`, apiKey: "k" });

function ollamaChat(host: string): Cases {
  const client = new Ollama({ host });
  const asked = { model: "m", messages: ask(TEXT) };
  return {
    async stream() {
      let text = "", finish = "";
      for await (const line of await client.chat({ ...asked, stream: true })) {
        text += line.message.content;
        finish = line.done_reason ?? finish;
      }
      return { text, finish };
    },
    async plain() {
      const answer = await client.chat(asked);
      return { text: answer.message.content, finish: answer.done_reason };
    },
    async tool() {
      const call = (await client.chat({ model: "m", messages: ask(CALL), tools: [CHAT_TOOL] })).message.tool_calls?.[0];
      assert(call);
      return { tool: call.function.name, arguments: call.function.arguments };
    },
  };
}

function ollamaGenerate(host: string): Cases {
  const client = new Ollama({ host });
  return {
    async stream() {
      let text = "", finish = "";
      for await (const line of await client.generate({ model: "m", prompt: TEXT, stream: true })) {
        text += line.response ?? "";
        finish = line.done_reason ?? finish;
      }
      return { text, finish };
    },
    async plain() {
      const answer = await client.generate({ model: "m", prompt: TEXT });
      return { text: answer.response ?? "", finish: answer.done_reason };
    },
  };
}

const CLIENTS: [name: string, surface: string, client: (url: string) => Cases][] = [
  ["openai", "chat", openAIChat],
  ["openai", "responses", openAIResponses],
  ["@anthropic-ai/sdk", "messages", anthropicMessages],
  ["ollama", "ollama", ollamaChat],
  ["ollama", "ollama-generate", ollamaGenerate],
  ["ai", "chat", (url) => aiSDK(openAI(url).chat("gpt-m"))],
  ["@ai-sdk/openai-compatible", "chat", (url) => aiSDK(createOpenAICompatible({ name: "m", baseURL: `${url}/v1`, supportsStructuredOutputs: true })("m"))],
  ["@ai-sdk/openai", "responses", (url) => aiSDK(openAI(url).responses("gpt-m"))],
  ["@ai-sdk/anthropic", "messages", (url) => aiSDK(createAnthropic({ baseURL: `${url}/v1`, apiKey: "k" })("claude-sonnet-4-5"))],
  ["@langchain/openai", "chat", (url) => langChain(chatModel(url, false), (m) => m["finish_reason"])],
  ["@langchain/openai", "responses", (url) => langChain(chatModel(url, true), (m) => (m["incomplete_details"] as { reason?: string } | null)?.reason ?? m["status"])],
  ["@langchain/anthropic", "messages", (url) => langChain(new ChatAnthropic({ model: "claude-m", apiKey: "k", maxRetries: 0, anthropicApiUrl: url }), (m) => m["stop_reason"])],
];

const version = (name: string): string =>
  (JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")) as { version: string }).version;

const [annotate = "", withhold = ""] = process.argv.slice(2);
for (const [policy, url] of Object.entries({ annotate, withhold })) {
  for (const [name, surface, client] of CLIENTS) {
    for (const [question, show] of Object.entries(client(url))) {
      if (policy === "withhold" && question.startsWith("tool")) {
        continue; // a call without text has no confidence, so withhold sends none
      }
      const line = { client: `${name} (Node)`, version: version(name), surface, policy, case: question };
      const shown = await show().catch((error: unknown) => ({ error: String(error).slice(0, 300) }));
      console.log(JSON.stringify({ ...line, ...shown }));
    }
  }
}
