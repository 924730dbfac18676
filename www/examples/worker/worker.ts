// For an existing Worker: streamed answers of an OpenAI-compatible server pass
// byte for byte. Records come between their lines, in comments `: finece {...}`,
// which SDKs skip.
import { ConfidenceStream, type FineceRecord, writeEnvelope } from "finece/worker";

interface Env { UPSTREAM: string; UPSTREAM_KEY?: string }

export default {
  async fetch(request: Request, env: Env, context: { waitUntil(done: Promise<unknown>): void }): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    if (env.UPSTREAM_KEY) headers.set("authorization", `Bearer ${env.UPSTREAM_KEY}`);
    const { method, body, signal } = request;
    const upstream = await fetch(env.UPSTREAM + pathname + search, { method, headers, body, signal });
    if (!upstream.body || !upstream.headers.get("content-type")?.startsWith("text/event-stream")) return upstream;

    const news: FineceRecord[] = [];
    let between = true; // comments go between lines
    const scored = new ConfidenceStream({
      onEvent: (event) => { if (event.type !== "text" && event.type !== "lost") news.push(event); },
    });
    context.waitUntil(scored.done);
    const encoder = new TextEncoder();
    const comment = () => encoder.encode(`: finece ${writeEnvelope(news.splice(0))}\n`);
    const annotated = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, output) {
        output.enqueue(chunk);
        between = chunk.at(-1) === 0x0a;
        if (between && news.length > 0) output.enqueue(comment());
      },
      async flush(output) {
        await scored.done;
        if (between && news.length > 0) output.enqueue(comment());
      },
    });
    const altered = new Response(upstream.body.pipeThrough(scored).pipeThrough(annotated), upstream);
    for (const name of ["content-length", "content-encoding", "etag"]) altered.headers.delete(name);
    return altered;
  },
};
