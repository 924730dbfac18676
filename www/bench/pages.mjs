// Chromium for the benchmarks, and pages in it.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { serve } from "./support.mjs";

const scripts = fileURLToPath(new URL("pages/", import.meta.url));
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path !== undefined && existsSync(path));

export function launch() {
  if (executablePath === undefined) {
    throw new Error("no Chromium found; set CHROMIUM to one");
  }
  return chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
}

/** A script of the folder pages, bundled with the package. */
async function bundle(script) {
  const { outputFiles } = await build({
    entryPoints: [`${scripts}${script}.mjs`], bundle: true, minify: true, write: false, format: "esm", target: "es2022",
  });
  return outputFiles[0].contents;
}

/**
 * Serves pages by their scripts' names, and streams by theirs. What a page loads
 * may be cached for ever, as a build with hashed names is served.
 */
export async function site(names, streams) {
  const files = new Map([
    ["/finece.wasm", ["application/wasm", readFileSync(new URL("../dist/finece.wasm", import.meta.url))]],
  ]);
  for (const name of names) {
    files.set(`/${name}.js`, ["text/javascript", await bundle(name)]);
    files.set(`/${name}`, [
      "text/html", `<!doctype html><html lang="en"><meta charset="utf-8"><title>benchmark</title><body><main></main><script type="module" src="/${name}.js"></script>`,
    ]);
  }
  for (const [name, bytes] of Object.entries(streams)) {
    files.set(`/${name}`, ["text/event-stream", bytes]);
  }
  return serve((request, response) => {
    const [type, content] = files.get(request.url) ?? [];
    if (type === undefined) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, {
      "content-type": type, "cache-control": type === "text/event-stream" ? "no-store" : "max-age=31536000, immutable",
      // For a clock of 5 microseconds.
      "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp",
    }).end(content);
  });
}
