// Checks the built site: every link and anchor within it, accessibility by axe, that pages fit a phone's width
// and the texts of pictures can be read there, and that search works without a network. Run it after
// `npm run build`, with the same DOCS_BASE.
//
//   node check.mjs [PICTURES]     PICTURES: a folder for pictures of pages at 390 px
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../package.json", import.meta.url)); // the package's browser tests have these two
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const dist = fileURLToPath(new URL(".vitepress/dist", import.meta.url));
const base = process.env.DOCS_BASE ?? "/"; // where the site is served, as .vitepress/config.ts reads it
const pictures = process.argv[2];
const faults = [];

const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith(".html") && !file.startsWith("playground"));
const pages = files.map((file) => file.replaceAll("\\", "/")).sort();
const text = new Map(pages.map((page) => [page, readFileSync(join(dist, page), "utf8")]));
const ids = new Map([...text].map(([page, html]) => [page, new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))]));

let links = 0;
for (const [page, html] of text) {
  for (const [, raw] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
    if (/^(https?:|data:|mailto:)/.test(raw)) continue;
    links++;
    const [path, hash] = raw.replaceAll("&amp;", "&").split("#");
    if (path.startsWith("/") && !path.startsWith(base)) {
      faults.push(`${page}: ${raw} is not below ${base}`);
      continue;
    }
    let file = path === "" ? page : path.startsWith("/") ? path.slice(base.length) : normalize(join(dirname(page), path));
    if (file === "" || file.endsWith("/")) file += "index.html";
    if (extname(file) === "") file += ".html";
    if (!existsSync(join(dist, decodeURI(file)))) faults.push(`${page}: ${raw} leads nowhere`);
    else if (hash && ids.has(file) && !ids.get(file).has(decodeURIComponent(hash))) faults.push(`${page}: ${raw} has no such place`);
  }
}

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json" };
const server = createServer((request, response) => {
  const path = decodeURI(new URL(request.url, "http://x").pathname);
  if (!path.startsWith(base)) return response.writeHead(404).end();
  let file = join(dist, path.slice(base.length));
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": types[extname(file)] ?? "text/plain; charset=utf-8" });
  createReadStream(file).pipe(response);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;
const root = origin + base.slice(0, -1);

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
// Pages of one generator look alike: of these, some are enough.
const shown = pages.filter((page) => !/^reference\/(go|typescript)\/./.test(page) || /(host-gateway|badge)\.html$/.test(page));
for (const [scheme, viewport] of [["light", { width: 390, height: 844 }], ["dark", { width: 1280, height: 800 }]]) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(120_000);
  await context.route((url) => url.origin !== origin, (route) => { faults.push(`a page asks for ${route.request().url()}`); return route.abort(); });
  const tab = await context.newPage();
  tab.on("pageerror", (error) => faults.push(`${tab.url()}: ${error.message}`));
  for (const page of shown) {
    await tab.goto(`${root}/${page}`, { waitUntil: "networkidle" });
    await tab.locator('.VPSwitchAppearance:not([title=""])').first().waitFor({ state: "attached" }); // the page is alive
    await tab.evaluate(axe);
    const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, nodes } of violations) faults.push(`${page} (${scheme}): axe ${id}: ${nodes[0].html.slice(0, 160)} and ${nodes.length - 1} more`);
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    const small = await tab.evaluate(() => Promise.all([...document.querySelectorAll(".vp-doc img")].map(async (picture) => {
      const sizes = (await (await fetch(picture.src)).text()).matchAll(/font-size="([\d.]+)/g);
      return Math.min(...[...sizes].map((match) => Number(match[1]))) * picture.clientWidth / picture.naturalWidth;
    })));
    if (Math.min(...small) < 11) faults.push(`${page}: a picture has texts of ${Math.min(...small).toFixed(1)} px in a window of ${viewport.width} px`);
    if (wide > 0) faults.push(`${page}: ${wide} px wider than a window of ${viewport.width} px`);
    if (pictures && viewport.width === 390) {
      mkdirSync(pictures, { recursive: true });
      await tab.screenshot({ path: join(pictures, `${page.replaceAll("/", "-").slice(0, -5)}.png`) });
    }
  }
  if (viewport.width > 390) {
    await tab.goto(`${root}/index.html`, { waitUntil: "networkidle" });
    await tab.locator("#local-search button").click();
    await tab.locator("#localsearch-input").fill("withhold");
    await tab.locator("#localsearch-list a").first().waitFor();
  }
  await context.close();
}
await browser.close();
server.close();

for (const fault of [...new Set(faults)]) console.error(fault);
console.log(`${pages.length} pages, ${links} links within the site, ${shown.length} pages in a browser, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
