import type { FineceRecord } from "./contract.js";
import { writeEnvelope } from "./envelope.js";
import type { StreamEvent } from "./events.js";
import type { Scorer } from "./scorer.js";
import type { Pair } from "./stream.js";

/** How many bytes are read at once. */
const PIECE = 64 << 10;

const encoder = new TextEncoder();
const nothing = new Uint8Array();

/** Holds the records that were not sent to the client yet. */
export class Comments {
  #news: FineceRecord[] = [];
  #between = true; // comments go between lines

  /** Takes the scorer's next event. */
  note(event: StreamEvent): void {
    if (event.type !== "text" && event.type !== "lost") {
      this.#news.push(event);
    }
  }

  /** A copy of the piece, with a comment that carries the waiting records if the piece ends a line. */
  join(piece: Uint8Array): Uint8Array {
    if (piece.length > 0) {
      this.#between = piece.at(-1) === 0x0a;
    }
    if (!this.#between || this.#news.length === 0) {
      return piece.slice();
    }
    const comment = encoder.encode(`: finece ${writeEnvelope(this.#news)}\n`);
    this.#news = [];
    const joined = new Uint8Array(piece.length + comment.length);
    joined.set(piece);
    joined.set(comment, piece.length);
    return joined;
  }
}

/**
 * The two sides of a stream in a Worker. Bytes get in without JavaScript, through the
 * runtime's own pair of byte streams, and are read in large pieces. A pipe into a stream
 * of JavaScript would cut them into 4 KB, and each of those costs more than its scoring.
 * With `comments`, the scorer's records go out between the lines, and the stream ends
 * after the last record.
 */
export function inPieces(scorer: Scorer, comments?: Comments): Pair {
  const { readable: entrance, writable } = entrancePair();
  const read = readerOf(entrance);
  const readable = new ReadableStream<Uint8Array>({
    async pull(output) {
      const piece = await read.next().catch((error: unknown) => {
        scorer.interrupt();
        throw error;
      });
      if (piece !== undefined) {
        if (comments === undefined) {
          output.enqueue(piece.slice());
          scorer.write(piece);
        } else {
          scorer.write(piece);
          output.enqueue(comments.join(piece));
        }
        return;
      }
      scorer.end();
      if (comments !== undefined) {
        await scorer.done;
        const last = comments.join(nothing);
        if (last.length > 0) {
          output.enqueue(last);
        }
      }
      output.close();
    },
    async cancel(reason) {
      scorer.interrupt();
      await read.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return { readable, writable };
}

function entrancePair(): Pair {
  const { IdentityTransformStream } = globalThis as { IdentityTransformStream?: new () => Pair };
  return IdentityTransformStream === undefined ? new TransformStream() : new IdentityTransformStream();
}

interface Pieces {
  /** The next piece, which holds until the next call; `undefined` at the end. */
  next(): Promise<Uint8Array | undefined>;
  cancel(reason: unknown): Promise<void>;
}

/** Reads a byte stream in large pieces, and any other stream chunk by chunk. */
function readerOf(stream: ReadableStream<Uint8Array>): Pieces {
  let byob: ReadableStreamBYOBReader;
  try {
    byob = stream.getReader({ mode: "byob" });
  } catch { // it is no byte stream
    const reader = stream.getReader();
    return {
      async next() { return (await reader.read()).value; },
      cancel: (reason) => reader.cancel(reason),
    };
  }
  let room = new ArrayBuffer(PIECE);
  return {
    async next() {
      const { done, value } = await byob.read(new Uint8Array(room));
      if (done) {
        return undefined;
      }
      room = value.buffer;
      return value;
    },
    cancel: (reason) => byob.cancel(reason),
  };
}
