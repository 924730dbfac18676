// Builds the gallery into gallery/dist: one plain page with every state of every element.
//
//   node gallery/build.mjs            after `npm run build`
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { answer, badges, chips, sparklines } from "./states.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("dist");

/** An element of the page, as HTML. */
function html(name, attributes, inside = "") {
  const written = Object.entries(attributes).map(([key, value]) => (value === "" ? key : `${key}="${escaped(value)}"`));
  return `<${[name, ...written].join(" ")}>${inside}</${name}>`;
}

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A table of an element's states: the element, and its attributes beside it. */
function states(title, name, all) {
  const rows = Object.entries(all).map(([what, attributes]) =>
    `<tr><th scope="row">${escaped(what)}</th><td>${html(name, attributes)}</td></tr>`);
  return `<section><h2>${title}</h2><table>${rows.join("\n")}</table></section>`;
}

const modes = ["answer", "quiet", "paragraphs", "inline", "off"];
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>FineCE: gallery</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { max-inline-size: 56rem; margin: 1rem auto; padding: 0 1rem; background: light-dark(#fff, #12141a); color: light-dark(#1b1f27, #e9ecf2); }
table { border-collapse: collapse; inline-size: 100%; table-layout: fixed; }
:is(th, td) { padding: 0.3rem 0.5rem 0.3rem 0; border-block-end: 1px solid light-dark(#dde1e9, #2e333e); text-align: start; overflow-wrap: break-word; }
th { inline-size: 45%; font-weight: 400; }
.message { padding-inline-end: 5.2rem; overflow-wrap: break-word; }
@media (max-width: 40rem) { .message { padding-inline-end: 0; } section > table :is(tbody, tr, th, td) { display: block; inline-size: auto; } section > table th { border: 0; padding-block-end: 0; } }
.message table { inline-size: auto; }
pre { overflow-x: auto; padding: 0.5rem; background: light-dark(#eef0f5, #1b1e26); }
</style>
<script type="module" src="gallery.js"></script>
</head>
<body>
<main>
<h1>Gallery</h1>
${states("&lt;finece-chip&gt;", "finece-chip", chips)}
${states("&lt;confidence-badge&gt;", "confidence-badge", badges)}
${states("&lt;finece-sparkline&gt;", "finece-sparkline", sparklines)}
${modes.map((mode) => `<section><h2>Mode ${mode}</h2><div class="message" data-mode="${mode}">${answer}</div></section>`).join("\n")}
<section><h2>Mode inline, heat, with tokens</h2><div class="message" data-mode="inline" data-tokens>${answer}</div></section>
<section><h2>Without confidences</h2><div class="message" data-mode="paragraphs" data-unavailable>${answer}</div></section>
</main>
</body>
</html>
`;

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
writeFileSync(join(out, "index.html"), page);
await build({
  entryPoints: [here("gallery.mjs")], outfile: join(out, "gallery.js"),
  bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning",
});
