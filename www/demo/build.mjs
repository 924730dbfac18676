// Builds the demo page into demo/dist: plain files for any static server.
//
//   node demo/build.mjs            after `npm run build`
//   node demo/build.mjs --serve    and serves them, on PORT or 8000
import { copyFileSync, createReadStream, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("dist");

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
await build({
  entryPoints: [here("src/main.ts")], outfile: join(out, "app.js"),
  bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning",
});
const files = {
  "index.html": "index.html",
  "style.css": "style.css",
  "sample.csv": "sample.csv",
  "../dist/finece.wasm": "finece.wasm",
  "../../wasm/session/testdata/demo.sse": "bakery.sse",
  ...Object.fromEntries(readdirSync(here("recordings")).map((name) => [`recordings/${name}`, name])),
};
for (const [from, to] of Object.entries(files)) {
  copyFileSync(here(from), join(out, to));
}

const packed = (name) => gzipSync(readFileSync(join(out, name))).length;
console.log(`demo: ${["index.html", "style.css", "app.js"].reduce((sum, name) => sum + packed(name), 0)} bytes with gzip for the page, ${packed("finece.wasm")} for the core`);

if (process.argv.includes("--serve")) {
  const types = {
    ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".wasm": "application/wasm",
    ".csv": "text/csv", ".sse": "text/event-stream",
  };
  const names = new Set(["app.js", ...Object.values(files)]);
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
    if (request.method !== "GET" || !names.has(path)) {
      response.writeHead(404).end();
      return;
    }
    const file = join(out, path);
    response.writeHead(200, { "content-type": types[extname(path)], "content-length": statSync(file).size });
    createReadStream(file).pipe(response);
  });
  server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${server.address().port}/`);
  });
}
