"use client";
/**
 * Badges in answers that Streamdown renders: directly, by AI Elements'
 * `MessageResponse`, or by assistant-ui's `StreamdownTextPrimitive`.
 *
 * ```tsx
 * import remend from "remend";
 * import { Block, defaultRehypePlugins, parseMarkdownIntoBlocks, Streamdown } from "streamdown";
 * import { Confidences } from "finece/react";
 * import { useStreamdownMarks } from "finece/streamdown";
 *
 * const parts = { Block, defaultRehypePlugins, parseMarkdownIntoBlocks, remend };
 * function Answer({ text, positions, done }) {
 *   const marks = useStreamdownMarks(parts);
 *   return <Confidences text={text} positions={positions} done={done}><Streamdown {...marks}>{text}</Streamdown></Confidences>;
 * }
 * ```
 *
 * @packageDocumentation
 */
import { type ComponentType, type ReactElement, createContext, createElement, memo, useContext, useState } from "react";
import { rehypeMarks } from "../markdown/rehype.js";

/** The exports of Streamdown that the marks need, and a function that completes Markdown that is still being written. */
export interface StreamdownParts<Props extends object, Plugin> {
  /** Streamdown's `Block`. */
  readonly Block: ComponentType<Props>;
  /** Streamdown's `parseMarkdownIntoBlocks`. */
  readonly parseMarkdownIntoBlocks: (markdown: string) => string[];
  /** Streamdown's `defaultRehypePlugins`, or the plugins that you pass to Streamdown. */
  readonly defaultRehypePlugins: Readonly<Record<string, Plugin>> | readonly Plugin[];
  /** `remend`, which Streamdown also uses. Without it, Markdown that is not complete at the end of the text is shown unchanged. */
  readonly remend?: (markdown: string) => string;
}

/** Properties of one `Streamdown`. They stay the same from rendering to rendering, so that Streamdown stays fast. */
export interface StreamdownMarks<Props extends object, Plugin> {
  readonly BlockComponent: ComponentType<Props>;
  readonly components: Record<"finece-mark", (props: MarkProps) => ReactElement>;
  readonly parseIncompleteMarkdown: false;
  readonly parseMarkdownIntoBlocksFn: (markdown: string) => string[];
  readonly rehypePlugins: (Plugin | typeof rehypeMarks)[];
}

/** What a mark's element is given. */
interface MarkProps { readonly start?: unknown; readonly end?: unknown; readonly block?: unknown }

interface BlockFields { readonly content: string; readonly index: number }

/** The offset in the answer's text at which the block that is being rendered begins. */
const Base = createContext(0);

/** A mark. The offsets that it is given count from the beginning of its block; those that it emits, from the beginning of the answer. */
function Mark({ start, end, block }: MarkProps): ReactElement {
  const base = useContext(Base);
  return createElement("finece-mark", { start: base + Number(start), end: end === undefined ? undefined : base + Number(end), block: block as boolean | undefined });
}

/**
 * The properties that make a `Streamdown` emit marks. Each message needs its own, so call it in the
 * message's component. Merge your own `components` into a constant object. If `literalTagContent`,
 * `allowedTags` or a `preprocess` function changes the length of the text, the badges after the
 * change are in the wrong place.
 */
export function useStreamdownMarks<Props extends object, Plugin>(parts: StreamdownParts<Props, Plugin>): StreamdownMarks<Props, Plugin> {
  const [marks] = useState(() => marksOf(parts));
  return marks;
}

function marksOf<Props extends object, Plugin>(
  { Block, parseMarkdownIntoBlocks, defaultRehypePlugins, remend }: StreamdownParts<Props, Plugin>,
): StreamdownMarks<Props, Plugin> {
  let bases: number[] = [];
  const shown = new Map<number, number>();
  const BlockComponent = memo((props: Props) => {
    const { index } = props as unknown as BlockFields;
    const base = bases[index] ?? 0;
    shown.set(index, base);
    return createElement(Base.Provider, { value: base }, createElement(Block, props));
  }, (before, now) => {
    const { index } = now as unknown as BlockFields;
    return bases[index] === shown.get(index) && Object.keys(now).every((key) => before[key as keyof Props] === now[key as keyof Props]);
  });
  return {
    BlockComponent,
    components: { "finece-mark": Mark },
    parseIncompleteMarkdown: false,
    parseMarkdownIntoBlocksFn(markdown) {
      const blocks = parseMarkdownIntoBlocks(markdown);
      let base = 0;
      bases = blocks.map((block) => {
        const at = base;
        base += block.length;
        return at;
      });
      // Completed in the last block alone, so that no offset before it changes.
      return remend === undefined || blocks.length === 0 ? blocks : [...blocks.slice(0, -1), remend(blocks.at(-1) ?? "")];
    },
    rehypePlugins: [...Object.values(defaultRehypePlugins), rehypeMarks],
  };
}
