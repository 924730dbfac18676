// A request through the Go Worker (host/edge, built), the
// TypeScript Worker (examples/worker) and one that only passes it on, each in a
// workerd of its own: the CPU time that a request costs, and the time that an
// event is delayed. An empty Worker in Go is the least that one in Go can cost.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { worker } from "../../host/edge/test/modules.mjs";
import { sizeOfFile } from "../scripts/bundle.mjs";
import { demo, median, ratio, row, serve } from "./support.mjs";
import { start, startAlone, used } from "./workerd.mjs";

const CPU = { rounds: 7, requests: 60, warmUp: 100, firsts: 5 };
const OPENED = 500; // sessions a request
const DELAY = { rounds: 7, pause: 5 }; // an event every 5 ms

const HEADERS = { "content-type": "text/event-stream" };
const body = JSON.stringify({
  model: "demo", messages: [{ role: "user", content: "How many loaves?" }],
  stream: true, logprobs: true, top_logprobs: 5,
});

/** The demo stream's events. */
const events = demo.toString().split(/(?<=\n\n)/).map((text) => Buffer.from(text));
/** When each of them was written, of the request under way. */
let written = [];

const upstream = await serve((incoming, response) => {
  incoming.resume().on("end", async () => {
    response.writeHead(200, HEADERS);
    if (incoming.headers["x-paced"] === undefined) {
      response.end(demo);
      return;
    }
    written = [];
    for (const event of events) {
      written.push(performance.now());
      response.write(event);
      await sleep(DELAY.pause);
    }
    response.end();
  });
});

const passThrough = `
  export default {
    fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      const { method, headers, body } = request;
      return fetch(env.UPSTREAM + pathname + search, { method, headers, body });
    },
  };`;

/** Asks for a completion; `onData` gets what comes as it comes. */
function ask(peer, headers = {}, onData = () => undefined, path = "/v1/chat/completions") {
  return new Promise((resolve, reject) => {
    const outgoing = request(peer.url + path, {
      method: "POST", agent: peer.agent, headers: { "content-type": "application/json", ...headers },
    }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${peer.name}: HTTP ${response.statusCode}`));
      }
      response.on("data", onData).on("end", resolve).on("error", reject);
    });
    outgoing.on("error", reject).end(body);
  });
}

/** The delay of each event, from its writing to its arrival, in ms. */
async function delays(peer) {
  const arrived = [];
  let text = "";
  await ask(peer, { "x-paced": "1" }, (chunk) => {
    const now = performance.now();
    text += chunk.toString("latin1");
    // The Workers add events and comments of their own, which are not timed.
    const lines = text.split("\n");
    text = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && !/"delta":\{\},"finish_reason":null/.test(line)) {
        arrived.push(now);
      }
    }
  });
  if (arrived.length !== written.length) {
    throw new Error(`${peer.name}: ${arrived.length} of ${written.length} events`);
  }
  return arrived.map((at, i) => at - written[i]);
}

/** The CPU time of requests one after the other, of each, in ms, less what the process uses when idle. */
async function costOf(peer, requests) {
  const idle = used(peer.pid);
  await sleep(500);
  const before = used(peer.pid);
  const began = performance.now();
  for (let i = 0; i < requests; i++) {
    await ask(peer);
  }
  const took = performance.now() - began;
  return (used(peer.pid) - before - (before - idle) / 500 * took) / requests;
}

const { outputFiles } = await build({
  // As a file of this package, which finds itself by name: the examples are a package of their own.
  stdin: {
    contents: readFileSync(new URL("../examples/worker/worker.ts", import.meta.url), "utf8"), loader: "ts",
    resolveDir: fileURLToPath(new URL("..", import.meta.url)),
  },
  bundle: true, format: "esm", write: false, conditions: ["workerd"], external: ["*.wasm"],
});
const edge = worker();

/** The Worker in Go with another program: one that only answers. */
function emptyGo() {
  const app = fileURLToPath(new URL("../../build/bench/empty.wasm", import.meta.url));
  execFileSync("go", ["build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags=-s -w", "-o", app, "./host/edge/test/empty"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)), env: { ...process.env, GOOS: "js", GOARCH: "wasm" },
  });
  const modules = edge.modules.map((m) => (m.path.endsWith("/app.wasm") ? { ...m, contents: readFileSync(app) } : m));
  return { ...edge, bindings: {}, modules };
}

/** The CPU time of opening a session in TypeScript in a new instance, and in one that was used before, in ms. */
async function opening() {
  const { outputFiles: [{ text: contents }] } = await build({
    stdin: { resolveDir: fileURLToPath(new URL("..", import.meta.url)), contents: `
      import { loadCore } from "finece/worker";
      export default { async fetch(request) {
        const core = await loadCore();
        const reset = request.url.includes("reset");
        for (let lap = 0; lap < 10; lap++) {
          const open = [];
          for (let i = 0; i < ${OPENED / 10}; i++) {
            if (reset) core.open().close(); else open.push(core.open());
          }
          for (const session of open) session.close();
        }
        return new Response("{}");
      } };` },
    bundle: true, format: "esm", write: false, conditions: ["workerd"], external: ["*.wasm"],
  });
  const peer = await start("sessions", {
    compatibilityDate,
    modules: [{ type: "ESModule", path: "worker.mjs", contents }, { type: "CompiledWasm", path: "finece.wasm", contents: core }],
  });
  const cost = async (kind) => {
    const before = used(peer.pid);
    await ask(peer, {}, undefined, `/${kind}`);
    return (used(peer.pid) - before) / OPENED;
  };
  const opened = [], reset = [];
  for (let round = 0; round <= CPU.rounds; round++) {
    const laps = [await cost("open"), await cost("reset")];
    if (round > 0) {
      opened.push(laps[0]);
      reset.push(laps[1]);
    }
  }
  await peer.miniflare.dispose();
  return { opened, reset };
}

const { compatibilityDate } = edge;
const core = readFileSync(new URL("../dist/finece.wasm", import.meta.url));
const peers = [
  await start("a Worker that only forwards", {
    compatibilityDate, bindings: { UPSTREAM: upstream.url },
    modules: [{ type: "ESModule", path: "worker.mjs", contents: passThrough }],
  }),
  await start("the Worker in TypeScript", {
    compatibilityDate, bindings: { UPSTREAM: upstream.url },
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text },
      { type: "CompiledWasm", path: "finece.wasm", contents: core },
    ],
  }),
  await start("the Worker in Go", { ...edge, bindings: { FINECE_UPSTREAM: `${upstream.url}/v1` } }),
];

try {
  for (const peer of peers) {
    await costOf(peer, CPU.warmUp);
  }
  for (let round = 0; round < CPU.rounds; round++) {
    for (const peer of peers) {
      peer.cpu.push(await costOf(peer, CPU.requests));
    }
  }
  const direct = { name: "direct", url: upstream.url, agent: new Agent({ keepAlive: true }) };
  await delays(direct);
  for (let round = 0; round < DELAY.rounds; round++) {
    const bare = median(await delays(direct));
    for (const peer of peers) {
      peer.added.push(median(await delays(peer)) - bare);
    }
  }
  const fresh = [...peers, { name: "an empty Worker in Go", options: emptyGo() }]
    .map(({ name, options }) => ({ name, options, loaded: [], first: [] }));
  for (let round = 0; round < CPU.firsts; round++) {
    for (const { name, options, loaded, first } of fresh) {
      const peer = await startAlone(name, options);
      await sleep(500); // it has loaded
      loaded.push(used(peer.pid));
      first.push(await costOf(peer, 1));
      await peer.dispose();
    }
  }
  const upload = edge.modules.reduce((sum, { path }) => sum + sizeOfFile(path), 0);
  row("Worker in Go, with finece.wasm: the size of the upload, with gzip", `${(upload / 2 ** 20).toFixed(2)} MB`, "at most 3");
  row(`workerd, CPU time of a streamed request of ${events.length} events:`, "");
  const [plain] = peers;
  for (const { name, cpu } of peers) {
    const times = name.includes("TypeScript") ? "at most 3 times forwarding" : "";
    row(`  ${name}`, `${median(cpu).toFixed(1)} ms, ${ratio(cpu, plain.cpu).toFixed(1)} x`, times);
  }
  row("workerd with a single Worker, CPU time of the first request and of the start before it:", "");
  for (const { name, loaded, first } of fresh) {
    row(`  ${name}`, `${median(first).toFixed(0)} ms, start ${median(loaded).toFixed(0)} ms`, name === "the Worker in Go" ? "under 60 ms" : "");
  }
  const { opened, reset } = await opening();
  row("workerd, CPU time of a session opened in TypeScript", `${median(opened).toFixed(3)} ms`, "under 0.2");
  row("  in an instance that an earlier session used, as a share of that", ratio(reset, opened).toFixed(2), "at most 0.5");
  row("workerd, delay added to an event, median:", "");
  for (const { name, added } of peers) {
    row(`  ${name}`, `${median(added).toFixed(2)} ms`, "under 1");
  }
} finally {
  upstream.close();
  await Promise.all(peers.map(({ miniflare }) => miniflare.dispose()));
}
