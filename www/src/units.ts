/** How many UTF-16 code units the first bytes of a text's UTF-8 are: records count bytes, JavaScript's strings code units. */
export function unitsOf(text: string, bytes: number): number {
  return bytes > 0 ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text).subarray(0, bytes)).length : 0;
}
