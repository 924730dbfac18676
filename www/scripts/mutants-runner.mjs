// Stryker's test runner for mutants.sh: all tests run in one process, without a new Node for each
// mutant. The copied tests import `test` and `describe` from this file instead of node:test.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const tests = [];
let group = "";
/** What was thrown outside of any test's own call, such as in a timer. */
let stray;

/** Registers a test: its name, and last its function. */
export function test(name, ...rest) {
  tests.push({ id: `${group}${name}`, run: rest.at(-1) });
}

/** Registers a function's tests under a name. */
export function describe(name, register) {
  group = `${name}: `;
  register();
  group = "";
}

for (const event of ["unhandledRejection", "uncaughtException"]) {
  process.on(event, (error) => { stray ??= { error }; });
}

/** Runs a test, and the tests in it, and what it leaves for its end. */
async function runTest(run) {
  const last = [];
  stray = undefined;
  const context = { after: (end) => { last.push(end); }, diagnostic: () => undefined, test: (_, part) => part(context) };
  try {
    await run(context);
    await new Promise((next) => { setImmediate(next); });
  } finally {
    for (const end of last.reverse()) {
      await end();
    }
  }
  if (stray !== undefined) {
    throw stray.error;
  }
}

/** Why a test fails; undefined if it passes. */
async function failureOf(run) {
  try {
    await runTest(run);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

class Runner {
  static inject = ["options"];
  #files;
  #loaded = false;

  constructor({ oneProcess }) {
    this.#files = oneProcess.tests;
  }

  // A module that is imported stays: Stryker starts a new process for what runs while one is loaded.
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun() {
    const stryker = globalThis.__stryker__ ??= {};
    const result = await this.#run();
    return result.status === "complete" ? { ...result, mutantCoverage: stryker.mutantCoverage } : result;
  }

  async mutantRun({ activeMutant: { id }, hitLimit, mutantActivation, testFilter }) {
    const stryker = globalThis.__stryker__ ??= {};
    if (mutantActivation === "runtime") {
      await this.#load();
    }
    Object.assign(stryker, { activeMutant: id, hitLimit, hitCount: hitLimit === undefined ? undefined : 0 });
    const { status, tests: ran, errorMessage } = await this.#run(testFilter);
    if (hitLimit !== undefined && stryker.hitCount > hitLimit) {
      return { status: "timeout", reason: `one place ran more than ${hitLimit} times` };
    }
    const failed = ran?.find((each) => each.failureMessage !== undefined);
    return status === "error" ? { status: "killed", killedBy: ["import"], failureMessage: errorMessage, nrOfTests: 0 }
      : failed === undefined ? { status: "survived", nrOfTests: ran.length }
      : { status: "killed", killedBy: [failed.id], failureMessage: failed.failureMessage, nrOfTests: ran.length };
  }

  async #load() {
    if (!this.#loaded) {
      this.#loaded = true;
      for (const file of this.#files) {
        await import(pathToFileURL(resolve(file)).href);
      }
    }
  }

  async #run(filter) {
    try {
      await this.#load();
    } catch (error) {
      return { status: "error", errorMessage: String(error) };
    }
    const ran = [];
    for (const { id, run } of tests) {
      if (filter !== undefined && !filter.includes(id)) {
        continue;
      }
      const begun = performance.now();
      globalThis.__stryker__.currentTestId = id;
      // What a changed program left running may still fail when the next change is tested: once.
      const failureMessage = await failureOf(run) && await failureOf(run);
      globalThis.__stryker__.currentTestId = undefined;
      const timeSpentMs = performance.now() - begun;
      ran.push(failureMessage === undefined ? { id, name: id, timeSpentMs, status: 0 } : { id, name: id, timeSpentMs, status: 1, failureMessage });
      if (failureMessage !== undefined) {
        break;
      }
    }
    return { status: "complete", tests: ran };
  }
}

export const strykerPlugins = [{ kind: "TestRunner", name: "one-process", injectableClass: Runner }];
