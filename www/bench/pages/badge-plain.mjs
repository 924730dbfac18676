// The same page by plain JavaScript.
import { PlainScorer } from "./plain.mjs";
import { firstBadge, show } from "./badge.mjs";

let text = "";
const scorer = new PlainScorer((more) => { show(text += more); }, ({ value }) => { firstBadge(value); });
const reader = (await fetch("/stream.sse")).body.getReader();
for (let read; !(read = await reader.read()).done && globalThis.first === undefined; ) scorer.write(read.value);
void reader.cancel();
