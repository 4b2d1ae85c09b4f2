import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { partsOf } from '../../../../../plugins/nsreplicate/commands/base/object-argument.ts';
import {
  objectPlanOutcome,
  planOutcome,
} from '../../../../../plugins/nsreplicate/commands/output/plan-outcome.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { createStyle } from '../../../../../src/ui/style.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const place = (name: string) => ({ kind: 'ConfigMap', namespace: 'shop', name });
let pair: ReturnType<typeof sides>;

beforeEach(() => {
  pair = sides({ adopt: true });
  pair.to.objects.create(namespaces, namespace('shop'));
  pair.from.objects.create(configMaps, configMap('new', 'x'.repeat(300)));
  pair.from.objects.create(configMaps, configMap('changed', 'after'));
  pair.to.objects.create(configMaps, configMap('changed', 'before'));
});
afterEach(() => Promise.all([pair.from.close(), pair.to.close()]));

const opened = () => ({ ...pair.assignment, state: pair.from });

const context = (change: Partial<KubeCommandContext> = {}) =>
  ({
    reporter: createSilentReporter(),
    clock: fakeClock(),
    signal: new AbortController().signal,
    style: createStyle(false),
    ...change,
  }) as KubeCommandContext;

describe('a plan as text', () => {
  test('is a unified diff of YAML for each change; long values are cut', async () => {
    const { text = '', exitCode } = await planOutcome(opened(), context());
    expect(exitCode).toBe(5);
    expect(text).toMatch(
      /adopt ConfigMap shop\/changed.*\n--- live\/ConfigMap.shop.changed\n\+\+\+ planned\/\S+\n@@ .*\n/,
    );
    expect(text).toContain('-  value: before\n+  value: after\n');
    expect(text).toMatch(/\+ {2}value: x+…\n/);
    expect(text).not.toContain('\u001b');
  });

  test('has long values whole with -o wide, and neither there nor in a document YAML where nobody reads it', async () => {
    const wide = await planOutcome(opened(), context({ output: 'wide' }));
    expect(wide.text).toContain(`+  value: ${'x'.repeat(300)}\n`);
    expect(wide.table).toBeUndefined();
    const { data } = await planOutcome(opened(), context({ output: 'json' }));
    expect(JSON.stringify(data)).toContain('~ data.value: \\"before\\" → \\"after\\"');
    expect(data).not.toHaveProperty('changes.0.patch');
  });

  test('is coloured where stdout is a terminal', async () => {
    const { text } = await planOutcome(opened(), context({ style: createStyle(true) }));
    expect(text).toContain('\u001b[31m-  value: before\u001b[39m\n\u001b[32m+  value: after\u001b[39m');
  });
});

describe('a plan of one object', () => {
  test('is about nothing else', async () => {
    const { text = '' } = await objectPlanOutcome(opened(), context(), place('changed'));
    expect(text).toContain('adopt ConfigMap shop/changed');
    expect(text.match(/^\+\+\+/gm)).toHaveLength(1);
  });

  test('that nobody has is an error', async () => {
    const planning = objectPlanOutcome(opened(), context(), place('nowhere'));
    await expect(planning).rejects.toThrow(/from has no ConfigMap shop\/nowhere that a rule covers/);
  });
});

describe('an object on the command line', () => {
  const parts = (object: string, objectName?: string, named?: string) =>
    partsOf({ object, objectName, namespace: named });

  test('is named as messages name it, or as kubectl does', () => {
    const tls = { what: 'Secret', namespace: 'shop', name: 'tls' };
    expect(parts('Secret', 'shop/tls')).toEqual(tls);
    expect(parts('Secret', 'tls', 'shop')).toEqual(tls);
    expect(parts('Secret/tls', undefined, 'shop')).toEqual(tls);
    expect(parts('Secret', 'shop/tls', 'shop')).toEqual(tls);
    expect(parts('ns', 'shop')).toEqual({ what: 'ns', namespace: undefined, name: 'shop' });
  });

  test.each([
    ['Secret'],
    ['Secret/'],
    ['Secret', 'a/b/c'],
    ['Secret/tls', 'shop/tls'],
    ['Secret', 'shop/tls', 'pay'],
  ])('%s %s -n %s is refused', (...words) => {
    expect(() => parts(...(words as [string, string?, string?]))).toThrow(/name/);
  });
});
