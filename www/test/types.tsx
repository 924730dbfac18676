// What must type-check, and what must not: the compiler fails where an error that is expected does not come.
import { type ScoringConfig, type Strategy, confidenceFetch, ConfidenceStream } from "finece";
import { type Words, showConfidences } from "finece/badge";
import { german } from "finece/lang/de";

/** Is never called. */
export function types(element: HTMLElement): unknown {
  const strategies: Strategy[] = ["paragraph", "paragraph+entropy", "line+periodic+entropy", "paragraph+line+periodic+entropy"];
  // @ts-expect-error a strategy that there is not
  strategies.push("sentence");
  // @ts-expect-error the same in a union
  strategies.push("paragraph+sentence");
  // @ts-expect-error the whole answer is no strategy
  strategies.push("end");
  const config: ScoringConfig = { strategy: "paragraph", minGap: 3 };
  // @ts-expect-error a setting that there is not
  const wrong: ScoringConfig = { minimumGap: 3 };
  // @ts-expect-error a setting in the spelling of a file
  new ConfidenceStream({ min_gap: 3 });
  // @ts-expect-error an estimator that there is not
  confidenceFetch(fetch, { estimator: "guess" });
  // @ts-expect-error a mode that there is not
  showConfidences(element, { mode: "loud" });
  // @ts-expect-error a language that lacks a text
  const short: Words = { lang: "de", label: "Konfidenz" };
  // @ts-expect-error a language that lacks a reason
  const unreasoned: Words = { ...german, reasons: { timeout: "zu spät" } };
  return [strategies, config, wrong, short, unreasoned];
}

/** Is never called either. */
export function elements(): unknown {
  return [
    <confidence-badge state="final" value={0.7} calibrated="" bands="0.5 0.8" />,
    <finece-chip state="provisional" value="0.7" history="0.5 0.7" className="mine" />,
    <finece-sparkline values="0.5 0.7" />,
    <finece-mark start={3} end={9} />,
    // @ts-expect-error a state that there is not
    <confidence-badge state="done" />,
    // @ts-expect-error a mark that does not say where its run begins
    <finece-mark end={9} />,
  ];
}
