/**
 * Kubernetes quantities: `10Gi`, `1.5G`, `100m`, `12e6`
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
 */
import { UsageError } from '../../errors.ts';

const pattern = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

const decimalPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/**
 * A quantity in whole units (bytes for storage), rounded up as Kubernetes does.
 * @throws {UsageError} not a quantity
 */
export function parseQuantity(text: string): bigint {
  return scaled(text, 0);
}

/**
 * A quantity in thousandths of a unit, rounded up: `10m` of CPU is 10.
 * @throws {UsageError} not a quantity
 */
export function parseMilliQuantity(text: string): bigint {
  return scaled(text, 3);
}

/** In units of ten to the power of minus `decimals`. */
function scaled(text: string, decimals: number): bigint {
  const match = pattern.exec(text.trim());
  if (!match) throw new UsageError(`${JSON.stringify(text)} is no quantity, such as 10Gi or 500M`);
  const [, sign, whole = '', fraction = match[4] ?? '', , exponent = '0', suffix = ''] = match;
  const power = decimals + Number(exponent) + (decimalPowers[suffix] ?? 0) - fraction.length;
  // The API server keeps quantities within 64 bits; this only keeps a typo from filling the memory.
  if (Math.abs(power) > 100) throw new UsageError(`${JSON.stringify(text)} is out of range for a quantity`);
  const binary = 1024n ** BigInt(binarySuffixes.indexOf(suffix) + 1);
  const digits = BigInt(`${whole}${fraction}` || '0') * binary * (sign === '-' ? -1n : 1n);
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
}

function divideUp(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return value / by + (rest > 0n ? 1n : 0n);
}
