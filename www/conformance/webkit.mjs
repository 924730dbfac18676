// node webkit.mjs finece.wasm corpus.json: in WebKitGTK's MiniBrowser.
import { playOnPage } from "./page.mjs";
import { webkit } from "./webdriver.mjs";

await playOnPage(async (url, script) => {
  const browser = await webkit();
  try {
    await browser.open(url);
    return await browser.run(script);
  } finally {
    await browser.close();
  }
});
