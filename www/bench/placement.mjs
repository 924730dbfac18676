// An answer of 2,000 paragraphs that grows at 200 tokens/s, with and without badges:
// the frames that are drawn, and the scripting that badges add to each.
import { launch, site } from "./pages.mjs";
import { median, ratio, row } from "./support.mjs";

const ROUNDS = 3;
const SECONDS = 5;

const renderers = { "plain elements": "placement", "Streamdown": "placement-streamdown" };
const server = await site(Object.values(renderers), {});
const browser = await launch();
try {
  for (const [renderer, script] of Object.entries(renderers)) {
    const frames = { without: [], with: [] };
    const cost = { without: [], with: [] };
    for (let round = -1; round < ROUNDS; round++) {
      for (const which of ["without", "with"]) {
        const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
        await page.goto(`${server.url}/${script}`);
        await page.waitForFunction(() => globalThis.stream !== undefined);
        const { client, scripting } = await meter(page);
        await page.evaluate((badges) => globalThis.prepare(badges), which === "with");
        const before = await scripting();
        const { drawn, shown } = await page.evaluate((seconds) => globalThis.stream(seconds), SECONDS);
        const spent = await scripting() - before;
        if ((shown > 0) !== (which === "with")) {
          throw new Error(`${renderer}, ${which} badges: ${shown} badges are near the window`);
        }
        if (round >= 0) {
          frames[which].push(drawn);
          cost[which].push(spent / drawn);
        }
        await client.detach();
        await page.close();
      }
    }
    row(`Chromium, 2,000 paragraphs at 200 tokens/s, ${renderer}: frames in ${SECONDS} s without badges`, `${median(frames.without)}`);
    row("  with badges", `${median(frames.with)}, ${ratio(frames.with, frames.without).toFixed(2)} of without`, "at least 0.90 of without");
    row("  scripting a frame without badges", `${median(cost.without).toFixed(2)} ms`);
    row("  added by badges", `${median(cost.with.map((ms, i) => ms - cost.without[i])).toFixed(2)} ms`, "under 1 ms");
  }
} finally {
  await browser.close();
  server.close();
}

/** Chromium's own count of the time that a page's scripts took, in ms. */
async function meter(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const scripting = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ScriptDuration").value * 1000;
  };
  return { client, scripting };
}
