// From a page's navigation to its first badge, from a warm cache,
// with the core and with a plain JavaScript version of the same detector.
// wasm/RATIONALE.md says what limits the ratio.
import { launch, site } from "./pages.mjs";
import { demo, median, ratio, row } from "./support.mjs";

const ROUNDS = 15;
const WARM_UP = 3; // V8 keeps compiled code from the second or third load on

const pages = ["badge-plain", "badge-core"];
const server = await site(pages, { "stream.sse": demo });
const browser = await launch();
try {
  const times = pages.map(() => []);
  const page = await browser.newPage();
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const values = [];
    for (const [i, name] of pages.entries()) {
      await page.goto("about:blank");
      await page.goto(`${server.url}/${name}`);
      const first = await (await page.waitForFunction(() => globalThis.first)).jsonValue();
      values.push(first.value);
      if (round >= 0) times[i].push(first.at);
    }
    if (values[0] !== values[1]) {
      throw new Error(`not the same confidence: ${values.join(" and ")}`);
    }
  }
  const [plain, core] = times;
  row("Chromium, from opening a page to the first badge, warm cache: plain JavaScript instead of the core", `${median(plain).toFixed(0)} ms`);
  row("  with the core", `${median(core).toFixed(0)} ms, ${ratio(core, plain).toFixed(2)} of plain`, "under 150 ms");
} finally {
  await browser.close();
  server.close();
}
