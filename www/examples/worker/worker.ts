// A Worker in front of an OpenAI-compatible server. The lines of streamed answers pass
// unchanged. The Worker adds records between them, in comments `: finece {...}`, which
// SDKs skip.
import { ConfidenceStream } from "finece/worker";

interface Env { UPSTREAM: string; UPSTREAM_KEY?: string }

export default {
  async fetch(request: Request, env: Env, context: { waitUntil(done: Promise<unknown>): void }): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    if (env.UPSTREAM_KEY) headers.set("authorization", `Bearer ${env.UPSTREAM_KEY}`);
    const { method, body, signal } = request;
    const upstream = await fetch(env.UPSTREAM + pathname + search, { method, headers, body, signal });
    if (!upstream.body || !upstream.headers.get("content-type")?.startsWith("text/event-stream")) return upstream;

    const scored = new ConfidenceStream({ comments: true });
    context.waitUntil(scored.done);
    const annotated = new Response(upstream.body.pipeThrough(scored), upstream);
    for (const name of ["content-length", "content-encoding", "etag"]) annotated.headers.delete(name);
    return annotated;
  },
};
