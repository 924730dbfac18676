import type { ByteSource } from "./confidences.js";
import { FineceError } from "./errors.js";
import { hint, oneLine, readAtMost, shown } from "./http.js";

const MAX_BODY = 64 << 10;
/** How long the body of an HTTP error may take, in milliseconds. */
const PATIENCE = 2000;

/**
 * The error for a source that gave no answer. It says what the server said, the status, and what to do. `said` is
 * the error in the stream, or a description of the problem; `null` if nothing could be read. `bytes` is the number
 * of bytes that were read from the source.
 */
export async function refusal(source: ByteSource, said: unknown, bytes: number): Promise<FineceError> {
  if (!("ok" in source)) {
    return new FineceError("source", said !== null ? `the server reports an error: ${wordsOf(said)}`
      : bytes === 0 ? "the answer is empty" : `the source has no answer, but ${String(bytes)} bytes of something else`);
  }
  const { status, statusText, ok, headers } = source;
  const url = shown(source.url);
  const type = headers.get("content-type") ?? "no type";
  const from = `HTTP ${String(status)}${url === "" ? "" : ` from ${url}`}`;
  const context = { url, status };
  if (!ok) {
    const words = wordsIn(await bodyOf(source), type) || statusText;
    return new FineceError("source", `${from}${words === "" ? "" : `: ${words}`}; ${hint(status)}`, context);
  }
  if (said !== null) {
    return new FineceError("source", `the server reports an error: ${wordsOf(said)} (${from})`, context);
  }
  return new FineceError("source", bytes === 0
    ? `the answer is empty (${from}); see the server's log`
    : `the server sent no answer, but ${String(bytes)} bytes of ${type} (${from}); check that the address is the whole endpoint's`, context);
}

/** The body of an HTTP error; "" if it does not come, or is too long. */
async function bodyOf(response: Response): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(resolve, PATIENCE); });
  const body = await Promise.race([readAtMost(response.body, MAX_BODY).catch(() => undefined), late]);
  clearTimeout(timer);
  return new TextDecoder().decode(body);
}

/** What a body says, in one line: the message of a JSON error, the title of a page, or the text. */
function wordsIn(body: string, type: string): string {
  try {
    return wordsOf(JSON.parse(body));
  } catch {
    if (!/^\s*</.test(body) && !type.includes("html")) {
      return oneLine(body);
    }
    const title = oneLine(/<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? "");
    return title === "" ? "an HTML page" : `an HTML page, "${title}"`;
  }
}

/** The keys under which servers put the words of an error. */
const KEYS = ["error", "message", "detail", "msg", "type", "code"];

/** The words of an error in the form that a provider gives it. */
function wordsOf(error: unknown): string {
  if (Array.isArray(error)) {
    return wordsOf(error[0]);
  }
  if (typeof error !== "object" || error === null) {
    return typeof error === "string" || typeof error === "number" ? oneLine(String(error)) : "";
  }
  for (const key of KEYS) {
    const words = wordsOf((error as Readonly<Record<string, unknown>>)[key]);
    if (words !== "") {
      return words;
    }
  }
  return oneLine(JSON.stringify(error));
}
