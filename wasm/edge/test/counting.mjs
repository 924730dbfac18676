// The Worker, with two routes that show what becomes of the core's instances.
import { counts, open } from "../core.mjs";
import worker from "../worker.mjs";

export default {
  async fetch(request, env, ctx) {
    switch (new URL(request.url).pathname) {
      case "/counts":
        return Response.json(counts);
      case "/break": {
        const core = open();
        core.call("no_such_function"); // throws inside, as a trap does
        const answer = core.call("end");
        core.close();
        return Response.json({ lost: answer === undefined });
      }
    }
    return worker.fetch(request, env, ctx);
  },
};
