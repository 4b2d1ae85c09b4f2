/** Texts of the other side, for a person. */
import { oneLine } from '../../../src/plain-text.ts';

/** Removes characters that a terminal would obey, and limits the length to 1000. */
export const plainWords = (text: string): string => oneLine(text).slice(0, 1000);
