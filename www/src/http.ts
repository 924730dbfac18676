/** Reads a body of at most `limit` bytes; `undefined`, and the rest is cancelled, if it is longer. */
export async function readAtMost(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (body !== null) {
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      length += value.length;
      if (length > limit) {
        reader.cancel().catch(() => undefined);
        return undefined;
      }
      chunks.push(value);
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * The number of milliseconds to wait before a retry: `null` means no retry, and `undefined` a short
 * wait. `header` is the value of Retry-After: seconds, or a date that ends in GMT.
 */
export function retryAfter(status: number, header: string | null): number | null | undefined {
  if (status !== 429 && (status < 500 || status === 501)) {
    return null;
  }
  const text = (header ?? "").trim();
  if (/^\d+$/.test(text)) {
    return 1000 * Number(text);
  }
  const date = text.endsWith("GMT") ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - Date.now(), 0);
}

/** What to do about a status. */
export function hint(status: number): string {
  if (status === 401 || status === 403) {
    return "check the key in the headers";
  }
  if (status === 404 || status === 405) {
    return "check that the address is the whole endpoint's, and the model's name";
  }
  if (status === 429) {
    return "lower the concurrency or raise the timeout";
  }
  if (status === 0 || (status >= 300 && status < 400)) {
    return "it redirects: give the address it points to";
  }
  return status >= 500 ? "see the server's log" : "see the server's documentation";
}

/** An address to show: without its password, query and fragment, where keys may be. */
export function shown(address: string): string {
  return address.replace(/[?#].*$/s, "").replace(/^([a-z]+:\/\/)[^/]*@/i, "$1");
}

/** Text from elsewhere, shortened and cleaned for one line of a message. */
export function oneLine(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}

/** Text in which a server may have repeated the headers that it was sent, without their secrets. */
export function hidden(text: string, headers: Headers): string {
  headers.forEach((value, name) => {
    if (name !== "content-type" && name !== "accept") {
      for (const word of value.split(/[\s,;]+/)) {
        text = word.length < 6 ? text : text.replaceAll(word, "(hidden)");
      }
    }
  });
  return text;
}
