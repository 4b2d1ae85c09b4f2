/** Names of files in a summary for people; `-o json` has them whole. */
import { shortened } from '../../../../src/plain-text.ts';

/** Three lines of a terminal; a path may have thousands of characters. */
const mostOfName = 240;

export const shownName = (name: string): string => shortened(name, mostOfName);
