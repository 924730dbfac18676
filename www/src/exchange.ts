import { FineceError, ModelError, messageOf } from "./errors.js";
import type { AskEvent, CoreEvent } from "./events.js";
import { ConfidenceModel, type ModelOptions } from "./model.js";
import type { FailReason, Session } from "./session.js";

/** The model that was given, or one made of its options. */
export async function modelOf(given: ModelOptions | ConfidenceModel | PromiseLike<ConfidenceModel>): Promise<ConfidenceModel> {
  return given instanceof ConfidenceModel || "then" in given ? given : new ConfidenceModel(given);
}

/** The functions that an exchange needs from the owner of the session. */
export interface Owner {
  /** Runs a call of the session and handles its events. A call that comes too late is ignored. */
  readonly run: (call: () => CoreEvent[]) => void;
  readonly report: (error: FineceError) => void;
  /** Something was settled. */
  readonly settled: () => void;
}

/**
 * Connects one session to a confidence model. The body of a request is built only when the request
 * can be sent. So an estimate that newer positions have made useless by then costs nothing.
 */
export class Exchange {
  readonly #control = new AbortController();
  readonly #flying = new Set<number>();
  #waiting: AskEvent[] = [];

  readonly #session: Session;
  readonly #model: ConfidenceModel;
  readonly #owner: Owner;

  constructor(session: Session, model: ConfidenceModel, owner: Owner) {
    this.#session = session;
    this.#model = model;
    this.#owner = owner;
  }

  /** How many requests wait or are in flight. */
  get pending(): number {
    return this.#waiting.length + this.#flying.size;
  }

  /** Takes what the session asks. */
  ask(asks: readonly AskEvent[]): void {
    this.#waiting.push(...asks); // all of them before one that was given up meanwhile settles anything
    if (this.#control.signal.aborted) {
      this.abandon("cancelled");
    } else {
      this.#send();
      this.#supersede();
    }
  }

  /** Gives up every request, with the given reason. */
  abandon(reason: FailReason): void {
    this.#control.abort();
    const ids = [...this.#waiting.map(({ id }) => id), ...this.#flying].sort((a, b) => a - b);
    this.#waiting = [];
    this.#flying.clear();
    for (const id of ids) {
      this.#owner.run(() => this.#session.fail(id, reason));
    }
  }

  /** Aborts all requests. The session is not told, because it is lost. */
  stop(): void {
    this.#control.abort();
    this.#waiting = [];
    this.#flying.clear();
  }

  readonly #send = (): void => {
    while (this.#waiting.length > 0 && this.#model.slots.take(this.#send)) {
      const ask = this.#waiting.shift();
      if (ask !== undefined) {
        this.#start(ask);
      }
    }
  };

  #start(ask: AskEvent): void {
    let body: string | undefined;
    this.#owner.run(() => {
      body = new TextDecoder().decode(this.#session.request(ask.id));
      return [];
    });
    if (body === undefined) { // given up meanwhile
      this.#model.slots.release();
      this.#owner.settled();
      return;
    }
    this.#flying.add(ask.id);
    void this.#exchange(ask, body).then((outcome) => {
      // Else it was abandoned, and the session has been told.
      if (this.#flying.delete(ask.id)) {
        const session = this.#session;
        if (outcome instanceof Uint8Array) {
          this.#owner.run(() => {
            const events = session.resolve(ask.id, outcome);
            for (const event of events) {
              if (event.type === "fault") {
                this.#owner.report(this.#model.error("bad-reply", event.detail.replace(/^.*?reply: /, "the reply is no confidence: ")));
              }
            }
            return events;
          });
        } else {
          if (outcome !== null) {
            this.#owner.report(outcome);
          }
          this.#owner.run(() => session.fail(ask.id, outcome instanceof ModelError && outcome.reason !== "bad-reply" ? outcome.reason : "cancelled"));
        }
      }
      this.#model.slots.release();
      this.#owner.settled();
    });
  }

  /** The reply, what went wrong, or `null` if the request was held back. */
  async #exchange(ask: AskEvent, body: string): Promise<Uint8Array | FineceError | null> {
    const { redact } = this.#model;
    let sent: string | null = body;
    if (redact !== undefined) {
      try {
        sent = await redact(body, ask);
      } catch (cause) {
        return new FineceError("redact", `the redaction hook failed, so nothing was sent: ${messageOf(cause)}`, { index: ask.index }, cause);
      }
    }
    if (sent === null) {
      return null;
    }
    return this.#model.post(sent, this.#control.signal).catch((error: unknown) =>
      error instanceof FineceError ? error : new FineceError("model", messageOf(error), {}, error));
  }

  /** Gives the oldest waiting requests over the limit up. The question and the whole answer are never stale. */
  #supersede(): void {
    let over = this.#waiting.length - this.#model.waiting;
    const stale: AskEvent[] = [];
    this.#waiting = this.#waiting.filter((ask) => {
      if (over <= 0 || ask.kinds.includes("question") || ask.kinds.includes("end")) {
        return true;
      }
      over--;
      stale.push(ask);
      return false;
    });
    for (const { id } of stale) {
      this.#owner.run(() => this.#session.fail(id, "superseded"));
    }
  }
}
