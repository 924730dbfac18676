// node chromium.mjs finece.wasm corpus.json: in Chromium, driven by Playwright.
import { chromium } from "playwright-core";
import { playOnPage } from "./page.mjs";

await playOnPage(async (url, script) => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.evaluate(`(async () => {${script}})()`);
  } finally {
    await browser.close();
  }
});
