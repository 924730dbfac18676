// Workers for the benchmark, each in a workerd of its own, and the CPU time of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import workerd from "workerd";

/** The processes that this one has started. */
function children() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]) === process.pid;
    } catch {
      return false; // it has gone
    }
  });
}

/** The CPU time that a process has used, in ms: of all its threads. /proc/PID/stat would give it in steps of 10 ms. */
export function used(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6;
    } catch {
      return sum; // it has gone
    }
  }, 0);
}

/** A Worker that Miniflare runs. */
export async function start(name, options) {
  const before = new Set(children());
  const miniflare = new Miniflare({
    log: new Log(LogLevel.ERROR), host: "127.0.0.1", port: 0, cf: false,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }], // past miniflare's own worker
    ...options,
  });
  await miniflare.ready;
  const [pid] = children().filter((child) => !before.has(child));
  return {
    name, options, miniflare, pid, url: String(await miniflare.unsafeGetDirectURL()).replace(/\/$/, ""),
    agent: new Agent({ keepAlive: true }), cpu: [], added: [],
  };
}

const KINDS = { ESModule: "esModule", CompiledWasm: "wasm" };

/**
 * The same Worker as the only one of its process. Miniflare makes Workers of its own
 * after it, and whenever workerd makes one, V8 drops the baseline code of all
 * WebAssembly in the process. A first request would have to compile again what was
 * compiled while the Worker loaded.
 */
export async function startAlone(name, { compatibilityDate, bindings, modulesRoot = "", modules }) {
  const folder = mkdtempSync(join(tmpdir(), "finece-bench-"));
  const files = modules.map(({ type, path, contents }) => {
    const file = relative(modulesRoot, path);
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), contents);
    return `(name = "${file}", ${KINDS[type]} = embed "${file}")`;
  });
  const texts = Object.entries(bindings).map(([key, text]) => `(name = "${key}", text = ${JSON.stringify(text)})`);
  const date = [compatibilityDate, workerd.compatibilityDate].sort()[0]; // workerd refuses one that is newer than itself
  writeFileSync(join(folder, "config.capnp"), `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (compatibilityDate = "${date}", bindings = [${texts.join(", ")}], modules = [${files.join(", ")}])),
        (name = "internet", network = (allow = ["public", "private"])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );`);
  const child = spawn(workerd.default, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder, stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const [line] = await once(child.stdio[3], "data");
  return {
    name, pid: child.pid, url: `http://127.0.0.1:${JSON.parse(line).port}`, agent: new Agent({ keepAlive: true }),
    async dispose() {
      child.kill();
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    },
  };
}
