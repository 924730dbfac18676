// node webkit.mjs finece.wasm corpus.json: in WebKitGTK's MiniBrowser on a
// virtual screen, driven by Debian's WebKitWebDriver over WebDriver.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { playOnPage } from "./page.mjs";

await playOnPage(async (url, script) => {
  const port = await freePort();
  const driver = spawn("xvfb-run", ["--auto-servernum", "WebKitWebDriver", `--port=${port}`], { stdio: ["ignore", "ignore", "inherit"], detached: true });
  const root = `http://127.0.0.1:${port}`;
  try {
    await ready(`${root}/status`, driver);
    const { sessionId } = await call(`${root}/session`, { capabilities: {} });
    const session = `${root}/session/${sessionId}`;
    await call(`${session}/timeouts`, { script: null });
    await call(`${session}/url`, { url });
    const result = await call(`${session}/execute/async`, {
      script: `const done = arguments[0]; (async () => {${script}})().then(done, (error) => done("error: " + error));`, args: [],
    });
    await call(session, undefined, "DELETE");
    return result;
  } finally {
    process.kill(-driver.pid);
  }
});

async function call(url, body, method = "POST") {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const { value } = await response.json();
  if (!response.ok) {
    throw new Error(`WebKitWebDriver: ${value.error}: ${value.message}`);
  }
  return value;
}

/** Waits until the driver answers; fails when its process ends first. */
async function ready(url, driver) {
  let ended = false;
  driver.on("exit", () => { ended = true; });
  while (!ended) {
    if (await fetch(url).then((response) => response.ok, () => false)) {
      return;
    }
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error("WebKitWebDriver ended before it was ready");
}

function freePort() {
  return new Promise((found, fail) => {
    const server = createServer();
    server.on("error", fail).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => { found(port); });
    });
  });
}
