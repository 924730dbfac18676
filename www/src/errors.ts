/**
 * The kind of an error:
 *
 * - `core-load`: finece.wasm could not be loaded, compiled or instantiated, or is another program or
 *   version.
 * - `core-trap`: the core's instance trapped; its stream gets no more confidences.
 * - `config`: a setting is wrong; the message says which.
 * - `order`: a call out of order: the stream has ended, or the session is closed.
 * - `unknown-ask`: no position with this id waits for a reply.
 * - `too-long`: more bytes than one call takes.
 * - `argument`: the input is not what the function takes.
 * - `record`: the core's events could not be read.
 * - `source`: what should have been an answer is an HTTP error, a page, an error of the provider, or nothing.
 * - `model`: the confidence model gave no reply, or none that is a confidence.
 * - `redact`: the redaction hook failed, so nothing was sent.
 * - `listener`: a callback of yours threw.
 */
export type ErrorCode =
  | "core-load" | "core-trap" | "config" | "order" | "unknown-ask" | "too-long" | "argument" | "record"
  | "source" | "model" | "redact" | "listener";

/** Where an error happened: for example an address without secrets, an HTTP status or an id. */
export type ErrorContext = Readonly<Record<string, string | number | undefined>>;

/** The class of all errors of this package. `cause` is the error that led to this one, if there is one. */
export class FineceError extends Error {
  /** The kind of the error, for programs to compare. */
  readonly code: ErrorCode;
  /** Where it went wrong. */
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}, cause?: unknown) {
    super(`finece: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.context = context;
  }

  override get name(): string {
    return "FineceError";
  }
}

/** The core could not be loaded. Streams still pass, without confidences. */
export class CoreLoadError extends FineceError {
  constructor(message: string, context: ErrorContext = {}, cause?: unknown) {
    super("core-load", message, context, cause);
  }

  override get name(): string {
    return "CoreLoadError";
  }
}

/** The core's instance trapped and was dropped. Other sessions are not affected. */
export class CoreTrapError extends FineceError {
  constructor(message: string, context: ErrorContext = {}, cause?: unknown) {
    super("core-trap", message, context, cause);
  }

  override get name(): string {
    return "CoreTrapError";
  }
}

/** Why a request to the confidence model got no reply, or a reply that is not a confidence. The names are the core's. */
export type ModelFailure = "timeout" | "endpoint-error" | "unreachable" | "cancelled" | "bad-reply";

/**
 * The confidence model gave no reply, or a reply that is not a confidence. `context` has the `url`
 * without its password and query, and the `status` of the last attempt if there was one.
 */
export class ModelError extends FineceError {
  /** The reason why the position's confidence is unavailable. */
  readonly reason: ModelFailure;

  constructor(reason: ModelFailure, message: string, context: ErrorContext = {}, cause?: unknown) {
    super("model", `confidence model at ${String(context["url"])}: ${message}`, context, cause);
    this.reason = reason;
  }

  override get name(): string {
    return "ModelError";
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Reports an error that no callback takes, to the page or to the console. */
export function complain(error: unknown): void {
  if (typeof reportError === "function") {
    reportError(error);
  } else {
    console.error(error);
  }
}
