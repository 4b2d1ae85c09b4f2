/** Texts of any characters, for property tests. */
import fc from 'fast-check';

/**
 * Any character but half of a surrogate pair, as `unit` of a string. fast-check's own units for this build a table of a
 * million characters first, in each file, which takes seconds.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
