// A page that shows the first confidence of a stream by the package.
import { confidences, loadCore } from "finece";
import { firstBadge, show } from "./badge.mjs";

const response = fetch("/stream.sse");
void loadCore(); // beside the request, and after it
let text = "";
for await (const event of confidences(await response)) {
  if (event.type === "text") show(text += event.text);
  if (event.type === "confidence" && event.index > 0 && event.raw !== null) {
    firstBadge(event.raw);
    break;
  }
}
