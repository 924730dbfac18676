// node firefox.mjs finece.wasm corpus.json: in Debian's Firefox, driven by
// puppeteer over WebDriver BiDi. Playwright needs a Firefox build of its own.
import puppeteer from "./engines/node_modules/puppeteer-core/lib/puppeteer/puppeteer-core.js";
import { playOnPage } from "./page.mjs";

await playOnPage(async (url, script) => {
  const browser = await puppeteer.launch({
    browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", headless: true, protocolTimeout: 0,
  });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.evaluate(`(async () => {${script}})()`);
  } finally {
    await browser.close();
  }
});
