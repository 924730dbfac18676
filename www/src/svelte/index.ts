/**
 * FineCE for Svelte: {@link confidence} makes a Svelte store of a stream, and {@link showing} is an action that
 * shows a rendered answer's confidences. Both are plain functions, so they work in Svelte 4 and 5.
 *
 * ```svelte
 * const answer = confidence(response);
 * <div><div use:showing={$answer}>{@html render($answer.text)}</div></div>
 * ```
 *
 * @packageDocumentation
 */
import type { PositionConfidence } from "../badge/positions.js";
import { type ShowMode, type ShowOptions, showConfidences } from "../badge/show.js";
import type { Span } from "../badge/spans.js";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions, readSource } from "../store.js";

export { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions };

/** A Svelte store, for use with `$`. */
export interface SnapshotStore {
  /** Calls `run` with the snapshot now, and with each new one, until the function returned is called. */
  subscribe(run: (snapshot: ConfidenceSnapshot) => void): () => void;
}

/** The text and the confidences of a stream, as a Svelte store. The source is one that `readSource` of `finece/store` takes. */
export function confidence(source: ConfidenceSource | ConfidenceStore | undefined, options: ReadOptions = {}): SnapshotStore {
  return {
    subscribe(run) {
      const readable = readSource(source, options);
      const unsubscribe = readable.subscribe(() => { run(readable.getSnapshot()); });
      run(readable.getSnapshot());
      return unsubscribe;
    },
  };
}

/** The parameters of {@link showing}. */
export interface Showing {
  /** The answer's Markdown, from which the element's content is rendered. */
  readonly text: string;
  readonly positions: readonly PositionConfidence[];
  /** Whether the answer is complete. */
  readonly done?: boolean | undefined;
  /** What people see; default `answer`, one chip. */
  readonly mode?: ShowMode | undefined;
  /** What the mode `inline` marks. */
  readonly spans?: readonly Span[] | undefined;
  /** Other options; read once. */
  readonly show?: Omit<ShowOptions, "mode"> | undefined;
}

/** An action for the element around a rendered answer. The chip is placed beside this element, so give the element its own parent. */
export function showing(element: HTMLElement, first: Showing): { update(now: Showing): void; destroy(): void } {
  const view = showConfidences(element, { ...first.show, mode: first.mode });
  const update = ({ text, positions, done, mode = "answer", spans }: Showing): void => {
    view.mode = mode;
    view.update(text, positions, done, spans);
  };
  update(first);
  return { update, destroy: () => { view.disconnect(); } };
}
