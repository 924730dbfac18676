/**
 * How many bytes of a stream are given to the core at once: enough that the cost of the call does
 * not matter, and few enough that the instance's input buffer stays small.
 */
export const CHUNK = 16 << 10;
