/** Somebody who has just what `nsreplicate rbac` prints for a task, and, for a while, one verb less. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { PolicyRule } from '../../../src/kube/cluster/access.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { plugin } from './kubectl.ts';
import type { Person } from './limited.ts';
import type { Pair } from './nsreplicate.ts';

type Role = KubeObject & { rules: PolicyRule[] };

/** One verb of one rule. */
export interface GivenVerb {
  readonly side: 'primary' | 'replica' | 'state';
  readonly resource: string;
  readonly verb: string;
  /** Does something without it, and gives it back. */
  readonly without: (work: () => Promise<void>) => Promise<void>;
}

/** Gives it all. Resolves with each verb that can be taken away, and with what takes all of it back. */
export async function givePrinted(pair: Pair, person: Person, ...flags: string[]) {
  const bound = ['--bind-to', `user:${person.name}`, '-o', 'json'];
  const printed = await plugin('nsreplicate', ['rbac', ...pair.flags, ...flags, ...bound]);
  expect(printed).toMatchObject({ code: 0 });
  const sides = JSON.parse(printed.stdout) as Record<GivenVerb['side'], KubeObject[]>;
  const verbs: GivenVerb[] = [];
  const undo: (() => Promise<unknown>)[] = [];
  for (const side of ['primary', 'state', 'replica'] as const) {
    const kube = side === 'replica' ? pair.to : pair.from;
    for (const object of sides[side]) {
      const resource = await resourceOf(kube, object);
      await kube.apply(resource, object, { fieldManager: 'an-administrator', force: true });
      if (object.kind !== 'Namespace') undo.push(() => kube.delete(resource, object.metadata));
      if ('rules' in object) verbs.push(...verbsOf(side, kube, object as Role));
    }
  }
  const takeBack = async () => {
    for (const one of undo.reverse()) await one().catch(() => undefined);
  };
  return { verbs, takeBack };
}

const verbsOf = (side: GivenVerb['side'], kube: KubeClient, role: Role): GivenVerb[] =>
  eachAlone(role.rules).flatMap((rule) =>
    rule.verbs.map((verb) => ({
      side,
      resource: rule.resources?.[0] ?? '',
      verb,
      without: async (work) => {
        const less = { ...rule, verbs: rule.verbs.filter((own) => own !== verb) };
        await setRules(
          kube,
          role,
          eachAlone(role.rules).map((one) => (isDeepStrictEqual(one, rule) ? less : one)),
        );
        try {
          await work();
        } finally {
          await setRules(kube, role, role.rules);
        }
      },
    })),
  );

/** A rule for each resource, which says the same. */
const eachAlone = (rules: readonly PolicyRule[]): PolicyRule[] =>
  rules.flatMap((rule) => rule.resources?.map((resource) => ({ ...rule, resources: [resource] })) ?? [rule]);

async function setRules(kube: KubeClient, role: Role, all: readonly PolicyRule[]): Promise<void> {
  const rules = all.filter(({ verbs }) => verbs.length > 0);
  const { name, namespace } = role.metadata;
  await kube.patch(await resourceOf(kube, role), { name, namespace }, { rules }, { type: 'merge' });
}

function resourceOf(kube: KubeClient, { apiVersion = '', kind = '' }: KubeObject) {
  const [version, group] = apiVersion.split('/').reverse();
  return resolveResource(kube, group ? `${kind}.${version}.${group}` : kind);
}
