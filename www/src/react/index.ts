"use client";
/**
 * FineCE for React: {@link useConfidence} reads a stream, {@link Confidence}
 * shows a badge.
 *
 * ```tsx
 * const { text, positions } = useConfidence(response);
 * return <>{text}<Confidence position={positions.at(-1)} /></>;
 * ```
 *
 * @packageDocumentation
 */
export { Confidence, type ConfidenceProps } from "./badge.js";
export type { FineceElements } from "./jsx.js";
export { useConfidence, type UseConfidenceOptions, useConfidenceStore } from "./hook.js";
export { Confidences, type ConfidencesProps } from "./confidences.js";
export { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type SavedConfidences } from "../store.js";
