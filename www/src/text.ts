import type { Format } from "./config.js";
import type { Segment } from "./events.js";

/** A run of a choice's text. */
export interface Piece {
  readonly choice: number;
  readonly segment: Segment;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Said = (segment: Segment, text: unknown, choice?: number) => void;

/** Halves of surrogate pairs, which are no text. */
const HALVES = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** An object's fields; none for anything else. */
function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const number = (index: unknown): number => (typeof index === "number" ? index : 0);

/**
 * Finds the text in the events of a model's stream, or in a whole answer. It finds the same text in
 * the same segments as the core, for every format that the core reads. It needs no core, so text
 * can be shown before the core is loaded.
 */
export class TextFinder {
  readonly #format: Format;
  /**
   * Of formats that repeat text: the segments whose text came in deltas, or when a part was done
   * (Responses), or the text of each so far (DashScope).
   */
  readonly #told = new Map<string, string>();

  constructor(format: Format = "auto") {
    this.#format = format;
  }

  /** The text of one event, reasoning first. */
  find(event: unknown): Piece[] {
    const pieces: Piece[] = [];
    const value = fields(event);
    const format = this.#format === "auto" ? formatOf(value) : this.#format;
    READERS[format]?.(value, (segment, text, choice = 0) => {
      if (typeof text === "string" && text !== "") {
        pieces.push({ choice, segment, text: text.replace(HALVES, "\uFFFD") });
      }
    }, this.#told);
    return pieces;
  }
}

/** The format of an event by its field names, in the core's order. */
function formatOf(value: Fields): Format {
  const { type, object, message } = value;
  const kind = typeof type === "string" ? type : "";
  if ("choices" in value) {
    return "openai-chat"; // completions among them
  }
  if ("candidates" in value) {
    return "gemini";
  }
  if (object === "response" || kind.startsWith("response.")) {
    return "openai-responses";
  }
  if (/^(message_start|content_block_(start|delta)|message)$/.test(kind)) {
    return "anthropic";
  }
  const output = fields(value["output"]);
  if ("choices" in output || "text" in output || "finish_reason" in output) {
    return "dashscope";
  }
  if ("message" in output || BEDROCK.some((name) => name in value)) {
    return "bedrock";
  }
  if ("output" in value && "status" in value) {
    return "replicate";
  }
  if ("event_type" in value || ("generation_id" in value && "text" in value)) {
    return "cohere-v1";
  }
  if ("results" in value) {
    return "watsonx";
  }
  if (/^(message|content|tool|citation)-/.test(kind) || (typeof message === "object" && "finish_reason" in value)) {
    return "cohere";
  }
  if ("done" in value) {
    return "ollama";
  }
  return typeof value["token"] === "object" || "generated_text" in value ? "tgi"
    : "content" in value && "stop" in value ? "llama.cpp"
    : typeof value["response"] === "string" ? "workers-ai" : "auto";
}

/** Members of Bedrock's events, and the names that AWS's packages print around them. */
const BEDROCK = ["contentBlockIndex", "contentBlockDelta", "contentBlockStart", "messageStart", "messageStop", "stopReason"];

type Reader = (event: Fields, say: Said, told: Map<string, string>) => void;

const READERS: Readonly<Partial<Record<Format, Reader>>> = {
  "openai-chat": openAI,
  "openai-completions": openAI,
  "openai-responses": responses,
  "anthropic": anthropic,
  "gemini": gemini,
  "ollama": ollama,
  "cohere": cohere,
  "tgi": tgi,
  "workers-ai": (event, say) => { say("answer", event["response"]); },
  "bedrock": bedrock,
  "cohere-v1": ({ text, event_type }, say) => {
    say(String(event_type).startsWith("tool-calls") ? "reasoning" : "answer", text);
  },
  "watsonx": ({ results }, say) => {
    list(results).forEach((result, i) => { say("answer", fields(result)["generated_text"], i); });
  },
  "dashscope": dashScope,
  "replicate": ({ output }, say) => { [output, ...list(output)].forEach((text) => { say("answer", text); }); },
  "llama.cpp": (event, say) => { say("answer", event["content"], number(event["index"])); },
};

function openAI({ choices }: Fields, say: Said): void {
  for (const choice of list(choices).map(fields)) {
    const said: Said = (segment, text) => { say(segment, text, number(choice["index"])); };
    // Some servers repeat a delta's text as `text`, or send all text so far as `message`.
    const { delta = choice["message"], text } = choice;
    if (typeof delta === "object" && delta !== null) {
      message(fields(delta), said);
    } else {
      said("answer", text);
    }
  }
}

/** A message or a delta of one, as OpenAI and those who copy it write them. */
function message({ reasoning_content, reasoning, thinking, reasoning_details, content, refusal, audio }: Fields, say: Said): void {
  let reasoned = false;
  for (const text of [reasoning_content, reasoning, thinking, reasoning_details]) { // some gateways send two of them
    if (!reasoned) {
      parts("reasoning", text, (segment, part) => {
        reasoned ||= typeof part === "string" && part !== "";
        say(segment, part);
      });
    }
  }
  parts("answer", content, say);
  say("answer", fields(audio)["transcript"]);
  say("refusal", refusal);
}

/** Text that is a string, or an array of parts. */
function parts(segment: Segment, content: unknown, say: Said): void {
  say(segment, content);
  for (const part of list(content).map(fields)) {
    const { text, thinking, refusal, summary } = part;
    say(segment, text);
    if (segment === "reasoning") {
      say(segment, summary);
    }
    say("refusal", refusal);
    say("reasoning", thinking);
    list(thinking).forEach((thought) => { say("reasoning", fields(thought)["text"]); });
  }
}

function gemini({ candidates }: Fields, say: Said): void {
  for (const candidate of list(candidates).map(fields)) {
    for (const part of list(fields(candidate["content"])["parts"]).map(fields)) {
      say(part["thought"] === true ? "reasoning" : "answer", part["text"], number(candidate["index"]));
    }
  }
}

const RESPONSES = /^response\.(?:(output_text)|(refusal)|reasoning_text|reasoning_summary_text)\.(?:(delta)|done)$/;

function responses(event: Fields, say: Said, told: Map<string, string>): void {
  const { type, object, response } = event;
  const match = RESPONSES.exec(String(type));
  if (match !== null) {
    const [, answer, refusal, delta] = match;
    const segment = answer !== undefined ? "answer" : refusal !== undefined ? "refusal" : "reasoning";
    if (delta !== undefined) {
      told.set(segment, "");
      say(segment, event["delta"]);
    } else if (!told.has(segment)) {
      say(segment, event["text"] ?? event["refusal"]);
      told.set(`${segment}, whole`, "");
    }
  } else if (object === "response" || /^response\.(completed|incomplete|failed|cancelled)$/.test(String(type))) {
    const whole = object === "response" ? event : fields(response);
    const fresh: Said = (segment, text) => {
      if (!told.has(segment) && !told.has(`${segment}, whole`)) {
        say(segment, text);
      }
    };
    for (const item of list(whole["output"]).map(fields)) {
      const reasoning = item["type"] === "reasoning";
      for (const part of [...list(item["summary"]), ...list(item["content"])].map(fields)) {
        fresh(reasoning ? "reasoning" : "answer", part["text"]);
        fresh(reasoning ? "reasoning" : "refusal", part["refusal"]);
      }
    }
  }
}

function anthropic({ delta, content_block, content, message }: Fields, say: Said): void {
  for (const block of [delta, content_block, ...list(content), ...list(fields(message)["content"])].map(fields)) {
    say("answer", block["text"]);
    say("reasoning", block["thinking"]);
  }
}

function ollama({ message: whole, response, thinking }: Fields, say: Said): void {
  say("reasoning", thinking);
  message(fields(whole), say);
  say("answer", response);
}

function cohere({ delta, message: whole }: Fields, say: Said): void {
  const { content, tool_plan } = fields(fields(delta)["message"] ?? whole);
  parts("answer", typeof content === "object" && !Array.isArray(content) ? [content] : content, say);
  say("reasoning", tool_plan);
}

function tgi({ token, generated_text }: Fields, say: Said): void {
  if (token === undefined || token === null) {
    say("answer", generated_text);
  } else if (fields(token)["special"] !== true) {
    say("answer", fields(token)["text"]);
  }
}

function bedrock({ contentBlockDelta, delta, output }: Fields, say: Said): void {
  const content = list(fields(fields(output)["message"])["content"]);
  for (const block of [delta ?? fields(contentBlockDelta)["delta"], ...content].map(fields)) {
    const { text, reasoningText } = fields(block["reasoningContent"]);
    say("reasoning", text ?? fields(reasoningText)["text"]);
    say("answer", block["text"]);
  }
}

/** Unless incremental output was asked for, each event has all text so far. */
function dashScope({ output }: Fields, say: Said, told: Map<string, string>): void {
  const fresh: Said = (segment, text, choice = 0) => {
    const before = told.get(segment) ?? "";
    if (typeof text !== "string" || choice > 0) {
      say(segment, text, choice);
    } else if (!told.has("delta") && before !== "" && text.startsWith(before)) {
      say(segment, text.slice(before.length));
      told.set(segment, text);
    } else if (text !== "") {
      if (before !== "") {
        told.set("delta", "");
      }
      say(segment, text);
      told.set(segment, before + text);
    }
  };
  openAI(fields(output), fresh);
  fresh("answer", fields(output)["text"]);
}
