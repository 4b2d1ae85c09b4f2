/** By what two pods see that they have the same volume before them, and not two of one name on two nodes. */
import { stat } from 'node:fs/promises';

/** Number and time of the folder, which a file server tells all of its clients alike. */
export async function signOf(folder: string): Promise<string> {
  const { ino, mtimeNs } = await stat(folder, { bigint: true });
  return `${ino} ${mtimeNs}`;
}
