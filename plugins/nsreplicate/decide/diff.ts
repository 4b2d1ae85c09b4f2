/** Differences as a person reads them. Values of Secrets are never shown. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { isSecret } from '../objects/digest.ts';
import { isJson } from '../objects/draft.ts';
import { type Difference, differences, reorderings } from './differences.ts';

const LONGEST = 80;
const masked = '••••••';

/**
 * Lines like `~ spec.replicas: 3 → 5`, `+ data.color: "red"`, `- data.old: "x"`, and `~ order of …` where a list of named
 * items has them in another order. Empty where equal.
 */
export function readableDiff(wanted: KubeObject, present: KubeObject | undefined): string[] {
  const hide = isSecret(wanted);
  const fields = differences(wanted, present ?? {})
    .flatMap((difference) => (difference.how === 'changed' ? [difference] : leaves(difference)))
    .map((difference) => line(difference, hide));
  const orders = reorderings(wanted, present ?? {}).map((difference) =>
    line(difference, hide).replace('~ ', '~ order of '),
  );
  return [...fields, ...orders];
}

/** A map that only one side has, as its fields. */
function leaves(difference: Difference): Difference[] {
  const { path, how } = difference;
  const value = how === 'missing' ? difference.wanted : difference.present;
  if (!isJson(value) || Object.keys(value).length === 0) return [difference];
  return Object.entries(value).flatMap(([key, field]) =>
    leaves({
      path: [...path, key],
      how,
      wanted: how === 'missing' ? field : undefined,
      present: how === 'missing' ? undefined : field,
    }),
  );
}

function line({ path, how, wanted, present }: Difference, hideValues: boolean): string {
  const hide = hideValues && !['metadata', 'type', 'immutable', 'apiVersion', 'kind'].includes(path[0] ?? '');
  const show = (value: unknown) => (hide ? masked : shorten(JSON.stringify(value)));
  const name = path
    .map((key) => (/[.\s]/.test(key) && !key.startsWith('name=') ? `["${key}"]` : key))
    .join('.');
  if (how === 'missing') return `+ ${name}: ${show(wanted)}`;
  if (how === 'extra') return `- ${name}: ${show(present)}`;
  return `~ ${name}: ${show(present)} → ${show(wanted)}${hide ? ' (changed)' : ''}`;
}

const shorten = (text: string): string => {
  const characters = [...text];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join('')}…` : text;
};
