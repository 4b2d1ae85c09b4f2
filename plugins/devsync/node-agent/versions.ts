/** Versions of agents and of plugins, as far as they have to be told apart (https://semver.org). Pure. */

/** Whether one version is newer than the other; a pre-release comes before its release, and is not looked into further. */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  for (const [index, number] of a.entries()) {
    const difference = number - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Three numbers, and a fourth that is 0 for a pre-release and 1 otherwise. */
function numbersOf(version: string): number[] {
  const [core = '', rest] = version.split('+')[0]?.split(/-(.*)/s) ?? [];
  const [major = 0, minor = 0, patch = 0] = core.split('.').map(Number);
  return [major, minor, patch, rest === undefined ? 1 : 0];
}
