import { assign } from "./anchors.js";
import { type PositionConfidence, isMapped, sourceName } from "./positions.js";
import type { Calibration } from "./words.js";

/** A node of a hast tree, as far as it matters here. */
export interface HastNode {
  type: string;
  /** An element's name. */
  tagName?: string;
  /** Its attributes. */
  properties?: Record<string, unknown>;
  /** What is in it. */
  children?: HastNode[];
  /** Where it was in the source, offsets in UTF-16 code units. */
  position?: { start: { offset?: number | undefined }; end: { offset?: number | undefined } } | undefined;
}

/** What {@link rehypeConfidence} places. */
export interface RehypeConfidenceOptions {
  /** The positions of the text that is rendered, in order. */
  positions: readonly PositionConfidence[];
  /** How well calibrated the confidences are, if known. */
  calibration?: Calibration;
  /** Badges at most, the last ones; default 100. */
  limit?: number;
  /** The element's tag; default `confidence-badge`. */
  tag?: string;
}

const BLOCKS = new Set([
  "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "td", "th", "dt", "dd", "figcaption",
]);

/**
 * A rehype plugin that puts a badge at the end of every block that a position
 * lies in, by the positions in the source that remark leaves on the nodes:
 *
 * ```tsx
 * <Markdown rehypePlugins={[[rehypeConfidence, { positions }]]}>{text}</Markdown>
 * ```
 *
 * The badges are part of the tree, so a framework keeps them over renderings.
 * A sanitising plugin must come before it. Define the element in the page with
 * `ConfidenceBadge.define()`.
 */
export function rehypeConfidence(options: RehypeConfidenceOptions): (tree: HastNode) => void {
  const { positions, limit = 100, tag = "confidence-badge", calibration } = options;
  return (tree) => {
    const blocks: HastNode[] = [];
    collect(tree, blocks);
    const starts = blocks.map(({ position }) => position?.start.offset ?? NaN);
    for (const { block: number, position } of assign(starts, positions, limit).shown) {
      const block = blocks[number];
      const corner = block?.tagName === "pre";
      const badge: HastNode = { type: "element", tagName: tag, properties: attributes(position, calibration, corner), children: [] };
      if (block !== undefined) {
        block.children = corner ? [badge, ...(block.children ?? [])] : [...(block.children ?? []), badge];
      }
    }
  };
}

/** Finds the blocks that have no block in them, in order; whether there was one. */
function collect(node: HastNode, blocks: HastNode[]): boolean {
  const isBlock = node.type === "element" && BLOCKS.has(node.tagName ?? "") && node.position?.start.offset !== undefined;
  let inner = false;
  for (const child of node.children ?? []) {
    inner = collect(child, blocks) || inner;
  }
  if (isBlock && !inner) {
    blocks.push(node);
  }
  return isBlock || inner;
}

function attributes(position: PositionConfidence, calibration: Calibration | undefined, corner: boolean): Record<string, string> {
  return { ...badgeAttributes(position, calibration), placed: corner ? "corner" : "end" };
}

/** The attributes with which a badge shows a position; only those that have something to say. */
export function badgeAttributes(position: PositionConfidence, calibration?: Calibration): Record<string, string> {
  const { state, fused: value, first, calibrated, reason, source, kinds } = position;
  const all: Record<string, string | number | null | undefined> = {
    state, value, first, reason,
    calibrated: calibrated ? "" : null, mapped: isMapped(source) ? "" : null,
    source: source === null ? null : sourceName(source),
    kind: kinds.includes("end") ? "end" : kinds.includes("question") ? "question" : null,
    ece: calibration?.ece, n: calibration?.n,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, v]) => v !== null && v !== undefined).map(([name, v]) => [name, String(v)]),
  );
}
