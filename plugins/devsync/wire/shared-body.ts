/**
 * A body that goes to several ends at about the same time: it is packed once, in a frame of its own, and each end gets
 * the very same bytes. The frame right behind it is the one that it belongs to.
 */
import { type Compression, encodeFrame } from './frame.ts';

/** Bytes. */
const little = 16 << 10;

export class SharedBody {
  readonly parts: readonly Uint8Array[];
  /** A frame of its own costs more than to send this as often as it is wanted. */
  readonly isLittle: boolean;
  readonly #frames = new Map<Compression, Buffer>();

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
    this.isLittle = parts.reduce((sum, { length }) => sum + length, 0) < little;
  }

  /** The frame with this body: the same buffer for everyone. */
  frame(compression: Compression): Buffer {
    const known = this.#frames.get(compression);
    if (known !== undefined) return known;
    const frame = encodeFrame({ type: 'body', session: 0, body: this.parts }, compression);
    this.#frames.set(compression, frame);
    sharedFrames.add(frame);
    return frame;
  }
}

const sharedFrames = new WeakSet<Uint8Array>();

/** Whether these bytes may be sent to another end as well. */
export const isSharedFrame = (data: Uint8Array): boolean => sharedFrames.has(data);

const bodies = new WeakMap<object, SharedBody>();

/** Takes note of a body that is made of these contents, or of this data. */
export function share(key: object, body: SharedBody): void {
  bodies.set(key, body);
}

/** The body that is made of these contents, or of this data; undefined where they go to one end alone. */
export const sharedBodyOf = (key: object): SharedBody | undefined => bodies.get(key);
