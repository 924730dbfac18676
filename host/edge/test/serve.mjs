// serve.mjs BINDINGS [ENTRY [CORE]] runs the built Worker in workerd with the bindings
// given as JSON, and prints its address. It exits at the end of its standard input.
import { Log, LogLevel, Miniflare } from "miniflare";
import { worker } from "./modules.mjs";

const miniflare = new Miniflare({
  ...worker(...process.argv.slice(3)),
  log: new Log(LogLevel.WARN),
  port: 0,
  cf: false,
  // A direct socket: miniflare's own worker before it would hide broken answers.
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  host: "127.0.0.1",
  bindings: JSON.parse(process.argv[2]),
});
await miniflare.ready;
console.log(String(await miniflare.unsafeGetDirectURL()));
process.stdin.on("end", () => miniflare.dispose().then(() => process.exit(0))).resume();
