import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { assertAccessible, open, skip } from "./badge-support.js";
import { engineName, withoutMedia } from "./browser-support.js";
import { serve, until } from "./support.js";

const dist = new URL("../gallery/dist/", import.meta.url);
const pictures = new URL("../gallery/pictures/", import.meta.url);

// How much of the pictures may differ. Other versions of a browser draw edges of letters in another way.
const BLOCK = 8; // pixels on each side; a block's mean colour is compared
const DIFFERENT = 20; // of 255
const SHARE = 0.003;

before(() => {
  if (skip === false) {
    execFileSync(process.execPath, [new URL("../gallery/build.mjs", import.meta.url).pathname]);
  }
});

/** The share of blocks of two pictures, PNG in base64, whose mean colours differ; 1 if their sizes do. */
function differing(page: Page, one: string, other: string): Promise<number> {
  return page.evaluate(async ([pictures, BLOCK, DIFFERENT]) => {
    const [a, b] = await Promise.all(pictures.map(async (picture) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
      const [width, height] = [Math.floor(image.width / BLOCK), Math.floor(image.height / BLOCK)];
      const context = new OffscreenCanvas(width, height).getContext("2d");
      if (context === null) {
        throw new Error("no canvas");
      }
      context.imageSmoothingQuality = "high";
      context.drawImage(image, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    }));
    if (b === undefined || a?.width !== b.width || a.height !== b.height) {
      return 1;
    }
    let different = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      different += [0, 1, 2].some((channel) => Math.abs((a.data[i + channel] ?? 0) - (b.data[i + channel] ?? 0)) > DIFFERENT) ? 1 : 0;
    }
    return different / (a.data.length / 4);
  }, [[one, other], BLOCK, DIFFERENT] as const);
}

for (const [name, options] of Object.entries<BrowserContextOptions>({
  "wide-light": { viewport: { width: 1200, height: 4400 } },
  "phone-dark": { viewport: { width: 390, height: 6200 }, colorScheme: "dark" },
  "phone-forced-colours": { viewport: { width: 390, height: 6200 }, forcedColors: "active" },
})) {
  const coloured = options.colorScheme !== undefined || options.forcedColors !== undefined;
  test(`the gallery looks as its picture does: ${name}`, { skip: coloured ? withoutMedia : skip }, async (t) => {
    const url = await serve(t, (request, response) => {
      const file = request.url === "/gallery.js" ? "gallery.js" : "index.html";
      response.writeHead(200, { "content-type": file.endsWith("js") ? "text/javascript" : "text/html" }).end(readFileSync(new URL(file, dist)));
    });
    const page = await open(t, url, { ...options, reducedMotion: "reduce" });
    await until("all modes are shown", () => page.evaluate(() =>
      document.querySelectorAll("[data-mode=paragraphs]:not([data-unavailable]) confidence-badge").length === 5
      && document.querySelectorAll("[data-mode=quiet] confidence-badge").length === 1
      && document.querySelectorAll(".finece-legend").length === 2 && CSS.highlights.get("finece-heat-low")?.size !== 0));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await assertAccessible(page, name);

    const clip = await page.evaluate(() => {
      const { width, height } = document.documentElement.getBoundingClientRect();
      return { x: 0, y: 0, width, height };
    });
    const now = await page.screenshot({ clip });
    if (engineName !== "chromium") { // it draws letters in its own way; look at the picture
      writeFileSync(new URL(`${engineName}-${name}.png`, dist), now);
      return;
    }
    const file = new URL(`${name}.png`, pictures);
    if (process.env["UPDATE_PICTURES"] !== undefined) {
      mkdirSync(pictures, { recursive: true });
      writeFileSync(file, now);
    }
    assert.ok(existsSync(file), "UPDATE_PICTURES=1 makes the picture");
    const share = await differing(page, now.toString("base64"), readFileSync(file).toString("base64"));
    t.diagnostic(`${(share * 100).toFixed(3)}% of the blocks differ`);
    if (share > SHARE) {
      writeFileSync(new URL(`${name}.png`, dist), now);
    }
    assert.ok(share <= SHARE, `${(share * 100).toFixed(1)}% differs; what it looks like now is gallery/dist/${name}.png`);

    // The comparison sees a change.
    await page.addStyleTag({ content: "finece-chip { visibility: hidden }" });
    assert.ok(await differing(page, (await page.screenshot({ clip })).toString("base64"), readFileSync(file).toString("base64")) > SHARE);
  });
}
