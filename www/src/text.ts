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
 * Finds the text in the events of a model's stream, or in a whole answer: the
 * same text in the same segments as the core finds, for every format that the
 * core reads. It needs no core, so that text can be shown before one is loaded.
 */
export class TextFinder {
  readonly #format: Format;
  /** Segments whose text came in deltas, or when a part was done; of the Responses API, which repeats its text. */
  readonly #told = new Set<string>();

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

type Reader = (event: Fields, say: Said, told: Set<string>) => void;

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

function responses(event: Fields, say: Said, told: Set<string>): void {
  const { type, object, response } = event;
  const match = RESPONSES.exec(String(type));
  if (match !== null) {
    const [, answer, refusal, delta] = match;
    const segment = answer !== undefined ? "answer" : refusal !== undefined ? "refusal" : "reasoning";
    if (delta !== undefined) {
      told.add(segment);
      say(segment, event["delta"]);
    } else if (!told.has(segment)) {
      say(segment, event["text"] ?? event["refusal"]);
      told.add(`${segment}, whole`);
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
