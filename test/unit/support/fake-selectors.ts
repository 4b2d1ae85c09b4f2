/** Label and field selectors, as an API server evaluates them. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';

type Test = (object: KubeObject) => boolean;

/** What a list or a watch asks for. */
export function selects(labelSelector: string | undefined, fieldSelector: string | undefined): Test {
  const tests = [...split(labelSelector).map(labelTest), ...split(fieldSelector).map(fieldTest)];
  return (object) => tests.every((test) => test(object));
}

/** Splits at commas that are not in brackets. */
function split(selector = ''): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function labelTest(part: string): Test {
  const label = (key: string) => (object: KubeObject) => object.metadata.labels?.[key];
  const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(part);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (object) => values.includes(label(key)(object) ?? '\0') === (operator === 'in');
  }
  const equal = /^([^!=\s]+)\s*(!?=)=?\s*(.*)$/.exec(part);
  if (equal) {
    const [, key = '', operator, value] = equal;
    return (object) => (label(key)(object) === value) === (operator === '=');
  }
  if (part.startsWith('!')) return (object) => label(part.slice(1))(object) === undefined;
  return (object) => label(part)(object) !== undefined;
}

function fieldTest(part: string): Test {
  const [, path = '', operator, value = ''] = /^([^!=]+)(!?=)=?(.*)$/.exec(part) ?? [];
  const field = (object: KubeObject) =>
    path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
  return (object) => (String(field(object) ?? '') === value) === (operator === '=');
}
