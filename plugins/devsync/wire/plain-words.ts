/** Texts of the other side, for a person. */
import { oneLine, shortened } from '../../../src/plain-text.ts';

/** Replaces characters that a terminal would obey; of more than 1000 the middle goes, which `…` stands for. */
export const plainWords = (text: string): string => shortened(oneLine(text), 1000);
