// What the main entry costs a page beside the core.
import { parts, sizeOf } from "../scripts/bundle.mjs";
import { row } from "./support.mjs";

const { contents, limit } = parts.finece;
row("npm package, the main entry's JavaScript, gzip -9", `${await sizeOf(contents)} bytes`, `at most ${limit}`);
