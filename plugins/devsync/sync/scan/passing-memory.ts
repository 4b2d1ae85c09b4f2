/** The memory that large files are read through, part by part: the next reading uses it again. */

/** Bytes of a part: reading another one takes two turns of threads, which cost more than reading 256 KiB does. */
export const passingSize: number = 1 << 20;

/** One part is worked on while the next one is read. */
export type PassingMemory = readonly [Buffer, Buffer];

/** What the last reading was done with; a process that reads nothing for long keeps none of it. */
let idle: WeakRef<PassingMemory> | undefined;

export function takeMemory(): PassingMemory {
  const memory = idle?.deref();
  idle = undefined;
  return memory ?? [Buffer.allocUnsafeSlow(passingSize), Buffer.allocUnsafeSlow(passingSize)];
}

/** Nobody reads into it, or looks at it, any more. */
export function giveBack(memory: PassingMemory): void {
  idle = new WeakRef(memory);
}
