/**
 * FineCE for Vue 3: {@link useConfidence} reads a stream, {@link Confidences} shows a rendered answer's confidences.
 *
 * ```ts
 * const answer = useConfidence(response); // a ref: answer.value.text, answer.value.positions
 * ```
 *
 * @packageDocumentation
 */
import { type MaybeRefOrGetter, type PropType, type ShallowRef, defineComponent, h, onBeforeUnmount, onMounted, shallowRef, toValue, watch, watchEffect } from "vue";
import type { PositionConfidence } from "../badge/positions.js";
import { type ConfidenceView, type ShowMode, type ShowOptions, showConfidences } from "../badge/show.js";
import type { Span } from "../badge/spans.js";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions, readSource } from "../store.js";

export { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions };

/**
 * The text and the confidences of a stream, as a ref that is updated at most once in each frame. The source is one
 * that `readSource` of `finece/store` takes, or a ref or a getter of such a source.
 */
export function useConfidence(
  source: MaybeRefOrGetter<ConfidenceSource | ConfidenceStore | undefined>, options: ReadOptions = {},
): Readonly<ShallowRef<ConfidenceSnapshot>> {
  const snapshot = shallowRef(readSource(undefined).getSnapshot());
  watchEffect((onCleanup) => {
    // A function with a parameter fetches under a signal; one without is a getter.
    const given = typeof source === "function" && source.length > 0 ? source as ConfidenceSource : toValue(source) as ConfidenceSource | undefined;
    const readable = readSource(given, options);
    const take = (): void => { snapshot.value = readable.getSnapshot(); };
    onCleanup(readable.subscribe(take));
    take();
  });
  return snapshot;
}

const listOf = <T>(): PropType<readonly T[]> => Array;

/**
 * A `div` around a rendered answer, in its default slot, which shows the answer's confidences. It emits `regenerate`
 * and `stronger`. Each button is shown only if there is a listener for its event.
 */
export const Confidences = defineComponent({
  name: "Confidences",
  props: {
    /** The answer's Markdown, from which the slot is rendered. */
    text: { type: String, required: true },
    /** The positions of `useConfidence`. */
    positions: { type: listOf<PositionConfidence>(), required: true },
    /** Whether the answer is complete. */
    done: Boolean,
    /** What people see; default `answer`, one chip. */
    mode: { type: String as PropType<ShowMode>, default: "answer" },
    /** What the mode `inline` marks. */
    spans: { type: listOf<Span>(), default: undefined },
    /** Other options; read once. */
    show: { type: Object as PropType<Omit<ShowOptions, "mode" | "onRegenerate" | "onStronger">>, default: undefined },
    /** Listens to `regenerate`. */
    onRegenerate: { type: Function as PropType<NonNullable<ShowOptions["onRegenerate"]>>, default: undefined },
    /** Listens to `stronger`. */
    onStronger: { type: Function as PropType<NonNullable<ShowOptions["onStronger"]>>, default: undefined },
  },
  setup(props, { slots }) {
    const root = shallowRef<HTMLElement>();
    let view: ConfidenceView | undefined;
    const update = (): void => {
      if (view !== undefined) {
        view.mode = props.mode;
        view.update(props.text, props.positions, props.done, props.spans);
      }
    };
    onMounted(() => {
      if (root.value !== undefined) {
        const { show, mode, onRegenerate, onStronger } = props;
        view = showConfidences(root.value, {
          ...show, mode,
          onRegenerate: onRegenerate === undefined ? undefined : (position) => { props.onRegenerate?.(position); },
          onStronger: onStronger === undefined ? undefined : (position) => { props.onStronger?.(position); },
        });
        update();
      }
    });
    watch(() => [props.text, props.positions, props.done, props.mode, props.spans], update, { flush: "post" });
    onBeforeUnmount(() => { view?.disconnect(); });
    // The inner element is the renderer's; the chip comes beside it, in the outer one.
    return () => h("div", [h("div", { ref: root }, slots["default"]?.())]);
  },
});
