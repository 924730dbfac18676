/**
 * How many bytes of a stream are handed over at once: enough to make the call's
 * cost vanish, little enough to keep the instance's input buffer small.
 */
export const CHUNK = 16 << 10;
