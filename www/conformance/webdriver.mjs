// WebKitGTK's MiniBrowser on a virtual screen, driven by Debian's WebKitWebDriver over WebDriver.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** Starts the browser. `run` evaluates the body of an async function on the page and returns its value, `picture` is the window as PNG. */
export async function webkit(width = 1200, height = 900) {
  const port = await freePort();
  const screen = ["--auto-servernum", `--server-args=-screen 0 ${width}x${height}x24`];
  const driver = spawn("xvfb-run", [...screen, "WebKitWebDriver", `--port=${port}`], { stdio: ["ignore", "ignore", "inherit"], detached: true });
  const root = `http://127.0.0.1:${port}`;
  const kill = () => { process.kill(-driver.pid); };
  try {
    await ready(`${root}/status`, driver);
    const { sessionId } = await call(`${root}/session`, { capabilities: {} });
    const session = `${root}/session/${sessionId}`;
    await call(`${session}/timeouts`, { script: null });
    await call(`${session}/window/rect`, { x: 0, y: 0, width, height });
    return {
      open: (url) => call(`${session}/url`, { url }),
      run: (script) => call(`${session}/execute/async`, {
        script: `const done = arguments[0]; (async () => {${script}})().then(done, (error) => done("error: " + error));`, args: [],
      }),
      picture: async () => Buffer.from(await call(`${session}/screenshot`, undefined, "GET"), "base64"),
      async close() {
        await call(session, undefined, "DELETE");
        kill();
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

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
