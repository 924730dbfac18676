// The Worker with one more route, which counts the instances of the core and of the Go
// program.
import { counts as cores } from "../core.mjs";
import { counts as programs } from "../program.mjs";
import worker from "../worker.mjs";

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/counts") return Response.json({ cores, programs });
    return worker.fetch(request, env, ctx);
  },
};
