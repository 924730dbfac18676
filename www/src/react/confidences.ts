"use client";
import { type HTMLAttributes, type ReactElement, createElement, useEffect, useRef } from "react";
import type { PositionConfidence } from "../badge/positions.js";
import { type ConfidenceView, type ShowMode, type ShowOptions, showConfidences } from "../badge/show.js";
import type { Span } from "../badge/spans.js";

/** The properties of {@link Confidences}. */
export interface ConfidencesProps extends HTMLAttributes<HTMLDivElement> {
  /** The answer's Markdown, from which the children are rendered. */
  text: string;
  /** The positions of `useConfidence` or of a `ConfidenceLog`. */
  positions: readonly PositionConfidence[];
  /** Whether the answer is complete. */
  done?: boolean | undefined;
  /** What people see of the confidences; default `answer`, one chip. */
  mode?: ShowMode | undefined;
  /** What the mode `inline` marks. */
  spans?: readonly Span[] | undefined;
  /** Writes the answer again, starting at a position. Without this function the button is not shown. */
  onRegenerate?: ((position: PositionConfidence | null) => void) | undefined;
  /** Asks a stronger model. Without this function the button is not shown. */
  onStronger?: ((position: PositionConfidence | null) => void) | undefined;
  /** Other options; read once, when the component is mounted. */
  show?: Omit<ShowOptions, "mode" | "chip" | "onRegenerate" | "onStronger"> | undefined;
}

/**
 * A `div` around a rendered answer, which shows the answer's confidences. For modes other than `answer`, the renderer
 * of the children should emit marks; see `finece/markdown` and `finece/streamdown`. On a server it renders only the
 * `div`.
 */
export function Confidences(props: ConfidencesProps): ReactElement {
  const { text, positions, done = false, mode = "answer", spans, onRegenerate, onStronger, show, children, ...rest } = props;
  const root = useRef<HTMLDivElement>(null);
  const view = useRef<ConfidenceView>(undefined);
  const first = useRef({ mode, show });
  const wired = useRef({ onRegenerate, onStronger });
  const canRegenerate = onRegenerate !== undefined, canAsk = onStronger !== undefined;
  useEffect(() => {
    const made = view.current = root.current === null ? undefined : showConfidences(root.current, {
      ...first.current.show, mode: first.current.mode,
      onRegenerate: canRegenerate ? (position) => { wired.current.onRegenerate?.(position); } : undefined,
      onStronger: canAsk ? (position) => { wired.current.onStronger?.(position); } : undefined,
    });
    return () => { made?.disconnect(); };
  }, [canRegenerate, canAsk]);
  useEffect(() => {
    first.current.mode = mode;
    wired.current = { onRegenerate, onStronger };
    if (view.current !== undefined) {
      view.current.mode = mode;
      view.current.update(text, positions, done, spans);
    }
  });
  // The inner element is the renderer's; the chip comes beside it, in the outer one.
  return createElement("div", rest, createElement("div", { ref: root }, children));
}
