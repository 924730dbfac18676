import { ABI_VERSION, FUNCTIONS, type FunctionName } from "./contract.js";
import type { SessionConfig } from "./config.js";
import { configJSON } from "./config.js";
import { CoreLoadError, messageOf } from "./errors.js";
import { Instance } from "./instance.js";
import { Session } from "./session.js";

// Instances that wait to be used again, and the memory beyond which one is not
// kept: memory never shrinks.
const KEPT = 4;
const KEPT_MEMORY = 4 << 20;

/**
 * A loaded scoring core, that is, the compiled module. Each session gets its own instance of the
 * module, so a failure affects only that session. Get a core from `loadCore`, or from
 * {@link Core.create} if you have the compiled module.
 */
export class Core {
  readonly #free: Instance[];

  private constructor(
    /** The compiled module; it can be posted to a Web Worker. */
    readonly module: WebAssembly.Module,
    first: Instance,
  ) {
    this.#free = [first];
  }

  /**
   * Makes a core of a compiled module. The module must import nothing, export the functions that
   * the ABI lists, and have this package's ABI version. Throws a {@link CoreLoadError} for any
   * other module.
   */
  static create(module: WebAssembly.Module): Core {
    return new Core(module, trial(module));
  }

  /**
   * Opens the session of one stream. Throws a `FineceError` with the code
   * `config` that says which setting is wrong.
   */
  open(config: SessionConfig = {}): Session {
    return new Session(this.#lease(), configJSON(config), (instance) => { this.#release(instance); });
  }

  /** @internal */
  use<T>(f: (instance: Instance) => T): T {
    const instance = this.#lease();
    try {
      return f(instance);
    } finally {
      this.#release(instance);
    }
  }

  #lease(): Instance {
    return this.#free.pop() ?? instantiate(this.module);
  }

  #release(instance: Instance): void {
    if (instance.lost === undefined && this.#free.length < KEPT && instance.memorySize <= KEPT_MEMORY) {
      this.#free.push(instance);
    }
  }
}

function instantiate(module: WebAssembly.Module): Instance {
  const instance = new Instance(instanceOf(module));
  instance.call("_initialize");
  return instance;
}

function instanceOf(module: WebAssembly.Module): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, {});
  } catch (cause) {
    throw new CoreLoadError(`no instance of the core: ${messageOf(cause)}`, {}, cause);
  }
}

/** The first instance of a module, after everything about it was checked. */
function trial(module: WebAssembly.Module): Instance {
  const [needed] = WebAssembly.Module.imports(module);
  if (needed !== undefined) {
    throw new CoreLoadError(`not a FineCE core: it imports ${needed.module}.${needed.name}, the core imports nothing`);
  }
  const exported = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  for (const name of Object.keys(FUNCTIONS)) {
    if (exported.get(name) !== "function") {
      throw notOurs(`it exports no ${name}`);
    }
  }
  if (exported.get("memory") !== "memory") {
    throw notOurs("it exports no memory");
  }
  const raw = instanceOf(module);
  for (const [name, parameters] of Object.entries(FUNCTIONS)) {
    // The standard makes a function's length its number of parameters.
    if ((raw.exports[name as FunctionName] as { readonly length: number }).length !== parameters) {
      throw notOurs(`${name} has another signature`);
    }
  }
  const instance = new Instance(raw);
  let version: number;
  try {
    instance.call("_initialize");
    version = instance.call("finece_abi");
  } catch (cause) {
    throw new CoreLoadError(messageOf(cause), {}, cause);
  }
  if (version !== ABI_VERSION) {
    throw new CoreLoadError(
      `the core speaks ABI version ${String(version)}, this package ${String(ABI_VERSION)}: use the finece.wasm of this package`,
      { version },
    );
  }
  return instance;
}

function notOurs(what: string): CoreLoadError {
  return new CoreLoadError(`not a FineCE core of ABI version ${String(ABI_VERSION)}: ${what}`);
}
