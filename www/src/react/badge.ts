"use client";
import { type CSSProperties, type ReactElement, createElement, useEffect } from "react";
import { ConfidenceBadge } from "../badge/element.js";
import { type PositionConfidence, badgeAttributes } from "../badge/positions.js";
import type { Calibration } from "../badge/words.js";

/** The properties of {@link Confidence}. */
export interface ConfidenceProps {
  /** The position; without one the badge is pending. */
  position?: PositionConfidence | undefined;
  /** How well calibrated the confidences are, if known. */
  calibration?: Calibration | undefined;
  /** The name of the number. */
  label?: string | undefined;
  /** How numbers are written, a BCP 47 tag. */
  locale?: string | undefined;
  /** The limits of the bands; default 0.5 and 0.8. */
  bands?: readonly [number, number] | undefined;
  className?: string | undefined;
  style?: CSSProperties | undefined;
}

/**
 * The badge as a React component. On a server it renders the empty element; in the page, the
 * element gets its content when it is defined.
 */
export function Confidence(props: ConfidenceProps): ReactElement {
  const { position, calibration, label, locale, bands, className, style } = props;
  useEffect(() => { ConfidenceBadge.define(); }, []);
  const attributes = position === undefined ? { state: "pending" } : badgeAttributes(position, calibration);
  return createElement("confidence-badge", {
    ...attributes, label, locale, bands: bands?.join(" "), style,
    class: className, // React 18 passes className to custom elements as it is
  });
}
