/**
 * The question in the body of a request to a language model: the text of the
 * user's last message, in the forms of OpenAI (chat, Responses, completions),
 * Anthropic and Gemini. Results of tools, which Anthropic has in messages of the
 * user, are no question. `undefined` if there is none.
 */
export function questionOf(body: string): string | undefined {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { messages, input, contents, prompt } = fields(request);
  const asked = messages ?? input ?? contents ?? prompt;
  const question = Array.isArray(asked)
    ? textOf((asked as unknown[]).findLast((message) => fields(message)["role"] === "user" && !isResult(message)))
    : textOf(asked);
  return question === "" ? undefined : question;
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
  return type === "tool_result" || value === null || value === undefined ? "" : textOf(text ?? content ?? parts);
}

/** Whether a message holds results of tools and no text. */
function isResult(message: unknown): boolean {
  const { content } = fields(message);
  return Array.isArray(content) && content.some((part) => fields(part)["type"] === "tool_result") && textOf(content) === "";
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
