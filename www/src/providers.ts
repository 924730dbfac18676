/**
 * Which providers send log-probabilities, and a `fetch` that asks for log-probabilities.
 *
 * @packageDocumentation
 */
import type { Fetch } from "./model.js";
import { PATHS, PROVIDERS, type Provider } from "./providers-table.js";

export { PROVIDERS, type Provider } from "./providers-table.js";

type Fields = Record<string, unknown>;

function formatAt(path: string): string | undefined {
  return PATHS.find(([suffix]) => path.endsWith(suffix))?.[1];
}

/** The provider that answers requests to an address; `undefined` for an unknown host. */
export function providerAt(url: string | URL): Provider | undefined {
  if (!URL.canParse(String(url))) {
    return undefined;
  }
  const { hostname, pathname } = new URL(url);
  const format = formatAt(pathname);
  return PROVIDERS.find((p) => p.format === format &&
    p.hosts.some((suffix) => endsIn(hostname, suffix)));
}

/** Whether a host's name ends in a suffix: whole labels, unless the suffix begins with a hyphen. */
function endsIn(hostname: string, suffix: string): boolean {
  return hostname === suffix || hostname.endsWith(suffix.startsWith("-") ? suffix : `.${suffix}`);
}

/** The fields that ask the server at an address. A server of one's own is asked as the first provider with the format of its path is. */
function asking(url: string): Readonly<Fields> {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  return (providerAt(url) ?? PROVIDERS.find((p) => p.format === formatAt(path)))?.ask ?? {};
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with the members of another that it lacks, also in objects below; the same object if it lacks none. */
function merged(into: Fields, members: Readonly<Fields>): Fields {
  let out = into;
  for (const [name, value] of Object.entries(members)) {
    const has = into[name];
    const to = has === undefined ? value : isObject(has) && isObject(value) ? merged(has, value) : has;
    if (to !== has) {
      out = { ...out, [name]: to };
    }
  }
  return out;
}

/** The body with the fields that ask for log-probabilities; `undefined` if nothing is to be added. */
function withLogprobs(url: string, body: unknown): string | undefined {
  if (typeof body !== "string") {
    return undefined;
  }
  try {
    const request: unknown = JSON.parse(body);
    const to = isObject(request) ? merged(request, asking(url)) : request;
    return to === request ? undefined : JSON.stringify(to);
  } catch {
    return undefined;
  }
}

/**
 * Wraps a `fetch` so that requests ask for log-probabilities with the fields that the provider
 * needs. Fields that a request already has are not changed. The provider may refuse the added
 * fields (status 400 or 422), for example for a model that sends no log-probabilities. Then the
 * original request is sent once more.
 *
 * ```ts
 * const client = new OpenAI({ fetch: confidenceFetch(askForLogprobs(fetch), { onEvent }) });
 * ```
 *
 * Only bodies that are strings are changed; SDKs send strings.
 */
export function askForLogprobs(fetch: Fetch): Fetch {
  return async (input, init) => {
    const url = typeof input === "object" && "url" in input ? input.url : String(input);
    const body = withLogprobs(url, init?.body);
    if (body === undefined) {
      return fetch(input, init);
    }
    const headers = new Headers(init?.headers);
    headers.delete("content-length");
    const response = await fetch(input, { ...init, headers, body });
    if (response.status !== 400 && response.status !== 422) {
      return response;
    }
    await response.body?.cancel();
    return fetch(input, init);
  };
}
