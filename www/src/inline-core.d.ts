// scripts/copy-core.mjs writes the module into dist.
declare const base64: string;
export default base64;
