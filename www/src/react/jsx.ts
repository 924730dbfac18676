import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { AnswerChip } from "../badge/chip.js";
import type { ConfidenceBadge } from "../badge/element.js";
import type { ConfidenceMark } from "../badge/mark.js";
import type { Sparkline } from "../badge/sparkline.js";
import type { BadgeState } from "../badge/words.js";

type Html<E extends HTMLElement> = DetailedHTMLProps<HTMLAttributes<E>, E>;

/** What a badge and a chip take as attributes. */
interface BadgeAttributes {
  state?: BadgeState | undefined;
  value?: number | string | undefined;
  first?: number | string | undefined;
  calibrated?: boolean | "" | undefined;
  mapped?: string | undefined;
  model?: string | undefined;
  outside?: string | undefined;
  reason?: string | undefined;
  source?: string | undefined;
  kind?: "end" | "question" | "" | undefined;
  label?: string | undefined;
  locale?: string | undefined;
  ece?: number | string | undefined;
  n?: number | string | undefined;
  bands?: string | undefined;
  class?: string | undefined;
}

/** The custom elements in JSX. */
export interface FineceElements {
  "confidence-badge": Html<ConfidenceBadge> & BadgeAttributes & { check?: boolean | "" | undefined };
  "finece-chip": Html<AnswerChip> & BadgeAttributes & { history?: string | undefined };
  "finece-sparkline": Html<Sparkline> & { values?: string | undefined; limits?: string | undefined; label?: string | undefined };
  "finece-mark": Html<ConfidenceMark> & { start: number | string; end?: number | string | undefined; block?: boolean | "" | undefined };
}

declare module "react" {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- React's types are extended so
  namespace JSX {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the elements are those above
    interface IntrinsicElements extends FineceElements {}
  }
}
