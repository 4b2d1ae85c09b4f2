/**
 * JSON as API servers mean it. Their integers have 64 bits, and JavaScript's numbers are exact up to 2^53 only: those
 * beyond are BigInts here, which JSON.stringify writes as the numbers that they are. Everything else is what JSON.parse
 * makes of it: servers write fractions as the shortest text that stands for a 64-bit float, and so does JavaScript.
 */

export type Json = Record<string, unknown>;

/** A map, and not a list. */
export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Numbers with fewer digits are exact anyway. */
const longDigits = 16;
/** So many digits where a number may stand in JSON. False alarms cost time only. */
const longNumber = /(?:^|[:,[])\s*-?\d{16}/;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * Whether a text may hold a number of so many digits. One of those is at every sixteenth place, so that no other need be
 * looked at: a regular expression alone takes as long as parsing large objects does.
 */
function mayHoldLong(text: string): boolean {
  for (let at = longDigits - 1; at < text.length; at += longDigits)
    if (isDigit(text.charCodeAt(at)) && digitsAround(text, at) >= longDigits) return longNumber.test(text);
  return false;
}

/** How many digits stand in a row at a place that has one. */
function digitsAround(text: string, at: number): number {
  let [from, to] = [at, at + 1];
  while (isDigit(text.charCodeAt(from - 1))) from--;
  while (isDigit(text.charCodeAt(to))) to++;
  return to - from;
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const exactly: Reviver = (_key, value, { source = '' }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

/**
 * As JSON.parse, but integers that numbers can't hold are BigInts. Costs a scan of the text more where there is none.
 * @throws {SyntaxError} it is not JSON; the message quotes the text
 */
export const parseExactly = (text: string): unknown =>
  mayHoldLong(text)
    ? JSON.parse(text, exactly as (key: string, value: unknown) => unknown)
    : JSON.parse(text);

/** An integer as `parseExactly` gives it: a number wherever that is exact. */
export const exactInteger = (integer: bigint): number | bigint => {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
};

/** What a map has under a key of its own: `constructor` and `__proto__` are keys like any others. */
export const own = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** Sets a key of a map, whatever it is called. */
export function setOwn<T>(map: Record<string, T>, key: string, value: NoInfer<T>): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

// JSON.stringify throws on a BigInt that has no toJSON.
const raw = JSON as unknown as { rawJSON(text: string): unknown };
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return raw.rawJSON(String(this));
  },
  writable: true,
  configurable: true,
});
