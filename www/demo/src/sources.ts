/** A stream's bytes, as they come. */
export type Source = AsyncIterable<Uint8Array>;

/** Plays a recorded stream, event by event. `pace` is asked again each time, in milliseconds; 0 waits for nothing. */
export async function* replay(recorded: PromiseLike<ArrayBuffer | Uint8Array>, pace: () => number, signal: AbortSignal): Source {
  const bytes = new Uint8Array(await recorded);
  let next = performance.now();
  for (let at = 0; at < bytes.length && !signal.aborted; ) {
    let end = at;
    // To the end of the next event, which is a line of NDJSON or ends with an empty line.
    while (end < bytes.length && bytes[end] !== 10) {
      end++;
    }
    while (end < bytes.length && (bytes[end] === 10 || bytes[end] === 13)) {
      end++;
    }
    yield bytes.subarray(at, end);
    at = end;
    const wait = pace();
    if (wait > 0) {
      next = Math.max(next + wait, performance.now());
      await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
    }
  }
}

/** What the server says when it does not answer. */
export class NoAnswer extends Error {}

/** Asks the server that this page is from. `named` gets the id by which the server takes a label of the answer, "" if it takes none. Throws {@link NoAnswer} with words for the reader. */
export async function* ask(
  messages: readonly { role: string; content: string }[], model: string, signal: AbortSignal, named: (id: string) => void,
): Source {
  let response: Response;
  try {
    response = await fetch(new URL("/v1/chat/completions", location.href), {
      method: "POST", signal, headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...(model === "" ? {} : { model }), messages, stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 5,
      }),
    });
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    throw new NoAnswer("There is no server at this address.", { cause: error });
  }
  if (!response.ok || response.body === null || response.headers.get("content-type")?.includes("event-stream") !== true) {
    void response.body?.cancel();
    throw new NoAnswer(response.status === 404 || response.status === 405 || response.status === 501
      ? "This page is served without a model." : `The server answered with status ${String(response.status)}.`);
  }
  named(response.headers.get("x-finece-id") ?? "");
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      yield value;
    }
  } catch (error) {
    if (!signal.aborted) {
      throw new NoAnswer("The connection broke off.", { cause: error });
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
