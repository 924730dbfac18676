"use client"

import * as React from "react"
import {
  Confidence as Badge,
  useConfidence,
  type ConfidenceProps,
  type ConfidenceSource,
  type ConfidenceStore,
  type UseConfidenceOptions,
} from "finece/react"

// The theme's tokens as the badge's custom properties. The bands' own colours,
// --confidence-badge-low, -medium, -high and -unknown, have their contrast.
const theme = {
  "--confidence-badge-color": "var(--foreground)",
  "--confidence-badge-surface": "var(--background)",
  "--confidence-badge-edge": "var(--border)",
  "--confidence-badge-focus": "var(--ring)",
  "--confidence-badge-radius": "var(--radius)",
} as React.CSSProperties

/** One confidence: what is known of a position. */
function Confidence({ style, ...props }: ConfidenceProps) {
  return <Badge {...props} style={{ ...theme, ...style }} />
}

/** A streamed answer as plain text, each passage with its confidence. */
function ConfidenceAnswer({
  source,
  options,
  ...props
}: React.ComponentProps<"div"> & {
  source: ConfidenceSource | ConfidenceStore | undefined
  options?: UseConfidenceOptions
}) {
  const { status, text, positions, error } = useConfidence(source, options)
  const passages = positions.filter(({ index }) => index > 0)
  const from = (i: number) => passages[i - 1]?.utf16 ?? 0
  return (
    <div data-slot="confidence-answer" data-status={status} aria-busy={status === "streaming"} {...props}>
      {passages.map((position, i) => (
        <p key={position.index} className="mb-4 whitespace-pre-line">
          {text.slice(from(i), position.utf16).trim()} <Confidence position={position} />
        </p>
      ))}
      <p className="whitespace-pre-line">{text.slice(from(passages.length)).trim()}</p>
      {status === "failed" && <p role="alert">{error}</p>}
    </div>
  )
}

export { Confidence, ConfidenceAnswer }
