// What the main entry costs a page beside the core.
import { limit, sizeOf } from "../scripts/bundle.mjs";
import { row } from "./support.mjs";

row("npm package, the main entry's JavaScript, gzip -9", `${await sizeOf('export * from "finece"')} bytes`, `at most ${limit}`);
