// Plays a corpus through finece.wasm as wasm/abi/abi.go says, with nothing of
// the package in between, so that it runs wherever there is WebAssembly.

/** @returns {Promise<{module: string, sums: string[]}>} SHA-256 of the module and of each case's answers */
export async function play(module, bytes, corpus) {
  const sums = [];
  for (const test of corpus) {
    sums.push(await sha256(answers(new WebAssembly.Instance(module), test)));
  }
  return { module: await sha256(bytes), sums };
}

function answers(instance, { kind, input, data, cuts }) {
  const core = instance.exports;
  core._initialize();
  const parts = [];
  const take = (at) => {
    const view = new DataView(core.memory.buffer);
    const length = view.getUint32(at + 4, true);
    parts.push(new Uint8Array(core.memory.buffer, at, 8 + length).slice());
  };
  const ask = (name, bytes) => {
    const at = core.finece_input(bytes.length);
    new Uint8Array(core.memory.buffer).set(bytes, at);
    take(core[name](bytes.length));
  };
  if (kind !== "session") {
    ask(`finece_${kind}`, decode(input));
  } else {
    ask("finece_open", decode(input));
    const stream = decode(data);
    let at = 0;
    for (const n of cuts ?? []) {
      ask("finece_write", stream.subarray(at, at + n));
      at += n;
    }
    take(core.finece_end());
  }
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const decode = (base64) => Uint8Array.from(atob(base64 ?? ""), (c) => c.charCodeAt(0));

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}
