// The browser that tests open pages in: Chromium, or the one that BROWSER names.
import { existsSync } from "node:fs";
import { after } from "node:test";
import { type Browser, chromium, firefox } from "playwright-core";

interface Engine {
  /** Why browser tests are skipped, `false` if they are not. */
  readonly skip: string | false;
  /** Starts the browser, or gives the one that runs. It is ended after the tests. */
  readonly launch: () => Promise<Browser>;
}

function engineOf(name: string, variable: string, paths: readonly string[], start: (executablePath: string) => Promise<Browser>): Engine {
  const path = [process.env[variable], ...paths].find((path) => path !== undefined && existsSync(path));
  let browser: Promise<Browser> | undefined;
  after(async () => { await (await browser)?.close(); });
  return {
    skip: path === undefined ? `no ${name} found; set ${variable} to one` : false,
    launch: () => browser ??= path === undefined ? Promise.reject(new Error(`no ${name}`)) : start(path),
  };
}

const ENGINES: Readonly<Record<string, () => Engine>> = {
  chromium: () => engineOf("Chromium", "CHROMIUM", ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"], (executablePath) => chromium.launch({
    executablePath,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  })),
  // The channel makes Playwright speak WebDriver BiDi; else it would need a Firefox build of its own.
  firefox: () => engineOf("Firefox", "FIREFOX", ["/usr/bin/firefox-esr", "/usr/bin/firefox"], async (executablePath) =>
    withoutUnknown(await firefox.launch({ executablePath, channel: "moz-firefox", headless: true }))),
};

/** The browser of the tests. */
export const engineName = process.env["BROWSER"] ?? "chromium";
const found = ENGINES[engineName];
if (found === undefined) {
  throw new Error(`BROWSER is ${engineName}; it can be ${Object.keys(ENGINES).join(" or ")}`);
}
export const engine = found();

/** Why tests of dark mode, forced colours, reduced motion and print are skipped, `false` if they are not. */
export const withoutMedia = engine.skip !== false ? engine.skip
  : engineName !== "chromium" && `${engineName} cannot be told colours, motion or print here`;

/** Why a test that measures layout shifts is skipped, `false` if it is not. */
export const withoutShifts = engine.skip !== false ? engine.skip : engineName !== "chromium" && `${engineName} does not report layout shifts`;

interface Session {
  send(method: string, ...rest: unknown[]): Promise<unknown>;
}

/** Playwright sets media features that this Firefox does not know yet, for every context. Without them a test sees the defaults. */
function withoutUnknown(browser: Browser): Browser {
  const { _connection: connection } = browser as unknown as { readonly _connection: { toImpl(of: Browser): { readonly _browserSession: Session } } };
  const session = connection.toImpl(browser)._browserSession;
  const send = session.send.bind(session);
  session.send = async (method, ...rest) => send(method, ...rest).catch((error: unknown) => {
    if (method === "emulation.setMediaFeaturesOverride") {
      return {};
    }
    throw error;
  });
  return browser;
}
