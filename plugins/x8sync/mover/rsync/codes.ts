/** What rsync's exit codes mean (rsync(1), EXIT VALUES), for those that can happen here. */

/** What helps against too little memory. */
const moreMemory = '--memory gives the pods more';
/** rsync of the target's side had too little of it, or was killed, as the kernel does where there is none left. */
const starved = { memory: [13, 14, 21, 22], killed: [137] } as const;

const meanings: readonly (readonly [codes: readonly number[], meaning: string])[] = [
  [[1, 2, 4], 'rsync of the two sides do not go together'],
  [[3, 6], 'rsync could not read or write its own files'],
  [[5], 'the transfer could not be started'],
  [[10, 30, 35, 255], 'the connection to the source broke'],
  [[11], 'reading or writing a file failed'],
  [[12], 'the connection to the source broke, or rsync ended there'],
  [starved.memory, `rsync ran out of memory or processes (${moreMemory})`],
  [[20, 143], 'rsync was stopped'],
  [starved.killed, `rsync was killed, perhaps since memory ran out (${moreMemory})`],
  [[23], 'some files or attributes could not be copied'],
  [[25], 'more than half of the target would have been deleted, and that was stopped'],
  [[24], 'some files vanished from the source while it was copied'],
];

export function meaningOf(code: number): string {
  return meanings.find(([codes]) => codes.includes(code))?.[1] ?? `rsync ended with code ${code}`;
}

/**
 * Whether trying again may help: the line broke.
 *
 * @param refused a daemon at the other end said no, which ends rsync with 5 as an ssh that can't connect does.
 */
export function isNetworkCode(code: number, refused = false): boolean {
  return [10, 12, 30, 35, 255].includes(code) || (code === 5 && !refused);
}

/** Whether it is the mover's own rsync that could not go on, and nothing of the source. */
export const isStarved = (code: number): boolean =>
  [...starved.memory, ...starved.killed].some((own) => own === code);
