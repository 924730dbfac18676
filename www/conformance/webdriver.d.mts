/** A browser with one window. */
export interface Driven {
  open(url: string): Promise<unknown>;
  run(script: string): Promise<unknown>;
  picture(): Promise<Buffer>;
  close(): Promise<void>;
}
export function webkit(width?: number, height?: number): Promise<Driven>;
