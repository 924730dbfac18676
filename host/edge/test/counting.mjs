// The Worker, with a route that shows what becomes of the instances of the core
// and of the Go program.
import { counts as cores } from "../core.mjs";
import { counts as programs } from "../program.mjs";
import worker from "../worker.mjs";

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/counts") return Response.json({ cores, programs });
    return worker.fetch(request, env, ctx);
  },
};
