/** What JavaScript would change if it were let: long integers, and keys that mean something to it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually } from '../support/eventually.ts';
import { removeDefinition } from './support/definitions.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { widgets } from './support/objects.ts';

const group = `t${randomBytes(3).toString('hex')}.x8s.test`;
const definition = widgets(group);
const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const file = join(folder, 'exact.yaml');
const config = ['--config', file];

let pair: Pair;

/** As text, by kubectl: nothing of this project has read it. */
const raw = (context: string, what: string, name: string): Promise<string> => {
  const plural = what === 'widgets' ? `widgets.${group}` : what;
  return kubectl(context, ['-n', pair.namespace, 'get', plural, name, '-o', 'json']);
};
// A client-side apply computes its patch with 64-bit floats, and misses small changes of long integers itself.
const putRaw = (text: string) =>
  kubectl(
    pair.primary,
    ['-n', pair.namespace, 'apply', '--server-side', '--force-conflicts', '-f', '-'],
    text,
  );
const widget = (name: string, spec: string) =>
  `{"apiVersion":"${group}/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`;
const specOf = (json: string) => /"spec": (\{[\s\S]*\n {4}\})/.exec(json)?.[1]?.replaceAll(/\s/g, '');

beforeAll(async () => {
  pair = await Pair.open('exact');
  for (const side of [pair.from, pair.to]) await pair.put(side, definition);
  for (const side of [pair.from, pair.to]) await eventually(() => resolveResource(side, `widgets.${group}`));
  const rules = `rules:\n- {group: ${group}, kind: Widget, status: true}\n- {group: '', kind: ConfigMap}\n`;
  const set = `overrides:\n- {names: [overridden], set: {spec.set: 1234567890123456789}}\n`;
  writeFileSync(file, rules + set);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  for (const kube of [pair.from, pair.to]) await removeDefinition(kube, definition.metadata.name);
  await pair.close();
});

describe('integers beyond 2^53', () => {
  const numbers =
    '{"big":1234567890123456789,"deep":[{"a":-9223372036854775808}],"edge":9007199254740993,"float":1.5,"small":3}';

  test('arrive as they are, by list and by watch, are shown so, and are equal then', async () => {
    await putRaw(widget('listed', numbers));
    await putRaw(widget('overridden', '{"a":1}'));
    expect((await pair.look('plan', ...config)).stdout).toContain('+  big: 1234567890123456789');
    expect(await pair.fields(...config)).toContain('spec.big: 1234567890123456789');
    await pair.copy(...config);
    expect(specOf(await raw(pair.replica, 'widgets', 'listed'))).toBe(numbers);
    expect(specOf(await raw(pair.replica, 'widgets', 'overridden'))).toBe(
      '{"a":1,"set":1234567890123456789}',
    );
    const running = await pair.watch(...config);
    await putRaw(widget('watched', numbers));
    await putRaw(widget('listed', numbers.replace('6789,', '6788,')));
    await eventually(async () => {
      expect(specOf(await raw(pair.replica, 'widgets', 'watched'))).toBe(numbers);
      expect(specOf(await raw(pair.replica, 'widgets', 'listed'))).toContain('"big":1234567890123456788');
    });
    running.child.kill('SIGTERM');
    await running.ended;
    expect(await pair.look('plan', ...config)).toMatchObject({ code: 0 });
    const json = await pair.look('plan', ...config, '-o', 'json');
    expect(json.code).toBe(0);
  });

  test('that are changed on the replica by less than a number can tell are drift', async () => {
    await kubectl(pair.replica, [
      ...['-n', pair.namespace, 'patch', `widgets.${group}`, 'watched', '--type', 'merge'],
      ...['-p', '{"spec":{"big":1234567890123456790}}'],
    ]);
    expect((await pair.look('drift', ...config)).code).toBe(5);
    expect(await pair.fields(...config)).toContain('1234567890123456790 → 1234567890123456789');
    await pair.copy(...config);
    expect(specOf(await raw(pair.replica, 'widgets', 'watched'))).toBe(numbers);
  });
});

describe('keys that JavaScript has a meaning for', () => {
  const data = '{"__proto__":"a","constructor":"b","prototype":"c","toString":"d"}';
  const keys = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"keys"},"data":${data}}`;

  test('arrive, and are equal then', async () => {
    await putRaw(keys);
    await putRaw(widget('keys', `{"__proto__":{"constructor":[1]},"valueOf":{}}`));
    await pair.copy(...config);
    const there = JSON.parse(await raw(pair.replica, 'configmaps', 'keys'));
    expect(JSON.stringify(there.data)).toBe(data);
    expect(specOf(await raw(pair.replica, 'widgets', 'keys'))).toBe(
      '{"__proto__":{"constructor":[1]},"valueOf":{}}',
    );
    expect((await pair.look('plan', ...config)).code).toBe(0);
  });

  test('of which one goes on the replica are drift', async () => {
    await kubectl(pair.replica, [
      ...['-n', pair.namespace, 'patch', 'configmap', 'keys', '--type', 'json'],
      ...['-p', '[{"op":"remove","path":"/data/__proto__"},{"op":"remove","path":"/data/constructor"}]'],
    ]);
    const { code, stdout } = await pair.look('plan', ...config);
    expect({ code, stdout }).toMatchObject({
      code: 5,
      stdout: expect.stringContaining('+  __proto__: a'),
    });
    await pair.copy(...config);
    expect(JSON.stringify(JSON.parse(await raw(pair.replica, 'configmaps', 'keys')).data)).toBe(data);
  });
});
