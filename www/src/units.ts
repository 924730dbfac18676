/** The number of UTF-16 code units in the first `bytes` bytes of a text in UTF-8. Records count bytes, and JavaScript's strings count code units. */
export function unitsOf(text: string, bytes: number): number {
  return bytes > 0 ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text).subarray(0, bytes)).length : 0;
}
