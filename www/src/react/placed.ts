"use client";
import { type HTMLAttributes, type ReactElement, createElement, useEffect, useRef } from "react";
import { type BadgePlacement, type PlaceOptions, placeBadges } from "../badge/place.js";
import type { PositionConfidence } from "../badge/positions.js";

/** The properties of {@link PlacedConfidences}. */
export interface PlacedConfidencesProps extends HTMLAttributes<HTMLDivElement> {
  /** The answer's Markdown, of which the children are rendered. */
  text: string;
  /** The positions, as `useConfidence` or a `ConfidenceLog` has them. */
  positions: readonly PositionConfidence[];
  /** Whether nothing will change any more. */
  done?: boolean | undefined;
  /** How badges are placed; read once, when the component is mounted. */
  placement?: PlaceOptions | undefined;
}

/**
 * A `div` around a rendered answer, in which badges stand where their positions
 * are. The renderer of the children should emit marks; see `finece/markdown` and
 * `finece/streamdown`. On a server it is the bare `div`.
 */
export function PlacedConfidences(props: PlacedConfidencesProps): ReactElement {
  const { text, positions, done = false, placement, ...rest } = props;
  const root = useRef<HTMLDivElement>(null);
  const placed = useRef<BadgePlacement>(undefined);
  const options = useRef(placement);
  useEffect(() => {
    const made = placed.current = root.current === null ? undefined : placeBadges(root.current, options.current);
    return () => { made?.disconnect(); };
  }, []);
  useEffect(() => { placed.current?.update(text, positions, done); });
  return createElement("div", { ...rest, ref: root });
}
