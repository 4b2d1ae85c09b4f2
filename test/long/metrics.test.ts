/** The metrics, by the library of `promtool check metrics`. */
import { channel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import type { LiveTask, Working } from '../../plugins/nsreplicate/run/live-task.ts';
import { Metrics } from '../../plugins/nsreplicate/server/metrics/metrics.ts';
import { must } from '../cluster/support/process.ts';
import { goTools } from './support/go-tools.ts';

jest.setTimeout(600_000);

/** Of a task at work, with a sample of each: of what has none, promtool says nothing. */
async function text(): Promise<string> {
  const replica = { name: 'standby', running: 0, retrying: 0, failed: 0, parked: 0 };
  const behind = { pending: 0, oldestMs: 0 };
  const status = {
    task: 'dr',
    objects: 1,
    phase: 'Watching',
    primary: {},
    replicas: [{ ...replica, behind }],
  };
  const working = { task: { replicas: [{ name: 'standby', busy: 0 }] }, status: () => status };
  const metrics = new Metrics({
    ...{ version: '1.2.3', commit: 'abc', watchRestarts: () => new Map([['prod', 1]]) },
    tasks: () => [{ spec: { name: 'dr' }, working: () => working as unknown as Working } as LiveTask],
  });
  const meters = metrics.metersOf('dr');
  meters.done('standby', 'ConfigMap|shop|a', 'created', new Date(), 12);
  meters.failed('standby', 'Secret|shop|a', 'webhook');
  metrics.served('GET', '/healthz', 200);
  metrics.login('refused');
  const stop = metrics.countAnswers();
  const request = { origin: 'https://prod:6443', method: 'GET' };
  channel('undici:request:headers').publish({ request, response: { statusCode: 200 } });
  stop();
  return metrics.text();
}

test('promtool has nothing to say of the metrics, and sees each of them', async () => {
  const promlint = join(await goTools('promlint'), 'promlint');
  const check = async (input: string) => JSON.parse(await must(promlint, [], { input }));
  expect(await check('# TYPE waited_ms counter\nwaited_ms 1\n')).toMatchObject({
    problems: expect.arrayContaining(['waited_ms: no help text']),
  });
  const input = await text();
  const names = [...input.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(await check(input)).toEqual({ names: names.sort(), problems: [] });
});
