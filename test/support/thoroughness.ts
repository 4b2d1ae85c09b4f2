/**
 * How thorough the unit tests in `*.more.test.ts` are: a part of their cases in `npm test`, all of them in
 * `npm run test:long`, where jest.config.js says so.
 */

/** Whether all cases are wanted. What costs much and is a rarity is a test only where they are. */
export const isThorough = (globalThis as { readonly isThorough?: boolean }).isThorough === true;

/** One of so many cases is tried where not all are wanted. */
const share = 4;

/** How many runs of a random test. */
export const runsOf = (all: number): number => (isThorough ? all : Math.ceil(all / share));

/** The first ones of the cases, or all: those in front tell the others' story, too. */
export const firstOf = <T>(cases: readonly T[], count = 1): readonly T[] =>
  isThorough ? cases : cases.slice(0, count);

/**
 * Every fourth of the numbers from 0 to below a bound, or all.
 *
 * @param offset where to begin: several tables that begin at different places leave nothing out together.
 */
export const sampleOf = (count: number, offset = 0): readonly number[] =>
  Array.from({ length: count }, (_, index) => index).filter(
    (index) => isThorough || index % share === offset % share,
  );
