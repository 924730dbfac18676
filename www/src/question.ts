import type { ScoringConfig } from "./config.js";
import { MODEL_DEFAULTS } from "./contract.js";

/** Whose message it is: its heading in a block, as package host/follow has it. */
type Speaker = "System" | "User" | "Assistant" | "Tool call" | "Tool result" | "Other";

interface Message {
  readonly by: Speaker;
  readonly text: string;
}

/** The question, in the form in which a session takes it. */
export type Asked = Pick<ScoringConfig, "question" | "conversation">;

/** How a conversation becomes the question for a confidence model. */
export interface ConversationOptions extends Pick<ScoringConfig, "card" | "calibration"> {
  /**
   * How many tokens of the conversation a confidence model gets besides the user's last message, if
   * its card or its calibration covers conversations; default 2048.
   */
  conversationTokens?: number;
}

/**
 * The question in the body of a request to a language model, and whether it is a
 * conversation, in the forms of OpenAI (chat, Responses, completions), Anthropic and
 * Gemini. `undefined` if the body cannot be read.
 */
export function askedIn(body: string, options: ConversationOptions = {}): Asked | undefined {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { messages, input, contents, prompt, system, instructions, systemInstruction } = fields(request);
  const given = messages ?? input ?? contents ?? prompt;
  const first = [system, instructions, systemInstruction].map(textOf).filter((text) => text !== "");
  return askedBy([...first.map((content) => ({ role: "system", content })), ...Array.isArray(given) ? given as unknown[] : [{ role: "user", content: given }]], options);
}

/**
 * The question in a request's messages. It is the text of the user's last message. Results of
 * tools, which Anthropic puts into messages of the user, do not count as the question. For a model
 * that covers conversations, the conversation becomes one text; the Go package host/follow
 * documents the form of this text.
 */
export function askedBy(messages: readonly unknown[], { card, calibration, conversationTokens }: ConversationOptions): Asked {
  const covered = [card, calibration?.["card"]].some((of) => fields(of)["conversation"] === true);
  const all = messages.flatMap((message) => messagesOf(message, covered));
  const last = all.findLastIndex(({ by }) => by === "User");
  const several = all.filter(({ by }) => by !== "System").length > 1;
  const question = all[last]?.text ?? "";
  return {
    ...(question === "" ? {} : { question: covered && several ? blockOf(all, last, conversationTokens ?? MODEL_DEFAULTS.conversationTokens) : question }),
    conversation: several ? "yes" : "no",
  };
}

const SPEAKERS: Record<string, Speaker> = {
  system: "System", developer: "System", user: "User", assistant: "Assistant", model: "Assistant", tool: "Tool result", function: "Tool result",
};

/** The messages in one element of a request's list. Results of tools are read only if they are asked about. */
function messagesOf(value: unknown, whole: boolean): Message[] {
  const { role, type, name, content, parts, output, tool_calls } = fields(value);
  if (type === "function_call" || type === "function_call_output") {
    return [type === "function_call" ? { by: "Tool call", text: str(name) } : { by: "Tool result", text: textOf(output) }];
  }
  if (role === undefined && type !== undefined && type !== "message") {
    return [];
  }
  const list = (Array.isArray(content) ? content : []).map(fields);
  // The forms with a hyphen are the AI SDK's.
  const results = list.filter(({ type }) => type === "tool_result" || type === "tool-result")
    .map((part) => (whole ? textOf(part["content"] ?? fields(part["output"])["value"]) : ""));
  const calls = [
    ...(Array.isArray(tool_calls) ? tool_calls : []).map((call) => fields(fields(call)["function"])["name"]),
    ...list.filter(({ type }) => type === "tool_use" || type === "tool-call").map((part) => part["name"] ?? part["toolName"]),
  ];
  const text = textOf(content ?? parts);
  const said = text !== "" || results.length + calls.length === 0;
  return [
    ...results.map((result): Message => ({ by: "Tool result", text: result })),
    ...said ? [{ by: (Object.hasOwn(SPEAKERS, str(role)) ? SPEAKERS[str(role)] : undefined) ?? "Other", text }] : [],
    ...calls.map((call): Message => ({ by: "Tool call", text: str(call) })),
  ];
}

/** What a message costs beside its text, and how many bytes of that count as a token. */
const HEADING_TOKENS = 4, BYTES_PER_TOKEN = 4;

/** The messages that a block has: `last`, then those of the system and the newest ones that fit. */
function kept(all: readonly Message[], last: number, budget: number): Set<number> {
  const chosen = new Set([last]);
  const fits = (i: number): boolean => {
    const cost = HEADING_TOKENS + Math.ceil(new TextEncoder().encode(all[i]?.text).length / BYTES_PER_TOKEN);
    if (cost > budget) {
      return false;
    }
    budget -= cost;
    chosen.add(i);
    return true;
  };
  all.forEach(({ by }, i) => by === "System" && fits(i));
  for (let i = all.length - 1; i >= 0; i--) {
    if (i !== last && all[i]?.by !== "System" && !fits(i)) {
      break;
    }
  }
  return chosen;
}

function blockOf(all: readonly Message[], last: number, budget: number): string {
  const chosen = kept(all, last, budget);
  let block = "This is a conversation. The answer follows its last message.";
  let out = 0;
  const leftOut = (): void => {
    block += out === 0 ? "" : out === 1 ? "\n\n(1 message is left out)" : `\n\n(${String(out)} messages are left out)`;
    out = 0;
  };
  all.forEach(({ by, text }, i) => {
    if (!chosen.has(i)) {
      out++;
      return;
    }
    leftOut();
    // Whatever a model may read as the end of a line counts as one.
    block += `\n\n${by}:${text === "" ? "" : `\n  ${text.replace(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/g, "\n  ")}`}`;
  });
  leftOut();
  return block;
}

/** The text of a message, a part of one, or a list of parts; "" if there is none. */
export function textOf(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(textOf).filter((text) => text !== "").join("\n");
  }
  const { text, content, parts, type } = fields(value);
  return type === "tool_result" || type === "tool_use" || value === null || value === undefined ? "" : textOf(text ?? content ?? parts);
}

function str(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
