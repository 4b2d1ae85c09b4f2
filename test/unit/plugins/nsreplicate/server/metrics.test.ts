/** Names and texts of the metrics, by the main rules of `promtool check metrics`; test/long/metrics.test.ts has all of them, by its library. */
import { channel } from 'node:diagnostics_channel';
import { expect, test } from '@jest/globals';
import type { LiveTask } from '../../../../../plugins/nsreplicate/run/live-task.ts';
import { jobsByState, Metrics } from '../../../../../plugins/nsreplicate/server/metrics/metrics.ts';
import type { ReplicaStatus } from '../../../../../plugins/nsreplicate/state/state.ts';

const metrics = new Metrics({
  version: '1.2.3',
  commit: 'abc',
  tasks: () => [{ spec: { name: 'dr' }, working: () => undefined } as unknown as LiveTask],
  watchRestarts: () => new Map([['prod', 3]]),
});

test('each metric has a help, a type, and a name that says its unit and its kind', async () => {
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({ name, type }));
  expect(types.length).toBeGreaterThan(10);
  for (const { name, type } of types) {
    expect(name).toMatch(/^nsreplicate_[a-z_]+$/);
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect([name, /_total$/.test(name)]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/_(count|sum|bucket|milliseconds|ms|minutes|gauge|counter|histogram)(_|$)/);
  }
});

test('a job is counted once, with its time and lag; what changed nothing is not', async () => {
  const meters = metrics.metersOf('dr');
  meters.done('standby', 'ConfigMap|shop|a', 'created', new Date(), 12);
  meters.done('standby', 'ConfigMap|shop|a', 'unchanged', new Date(), undefined);
  meters.failed('standby', 'Secret|shop|a', 'webhook');
  const text = await metrics.text();
  expect(text).toContain(
    'nsreplicate_changes_total{task="dr",replica="standby",kind="ConfigMap",result="created"} 1\n',
  );
  expect(text).not.toContain('result="unchanged"');
  expect(text).toContain('nsreplicate_lag_seconds_count{task="dr",replica="standby"} 1\n');
  expect(text).toContain(
    'nsreplicate_failures_total{task="dr",replica="standby",kind="Secret",reason="webhook"} 1\n',
  );
  expect(text).toContain('nsreplicate_watch_restarts_total{cluster="prod"} 3\n');
});

test('of a task that is over nothing is told any more, and of others all', async () => {
  for (const task of ['over', 'other']) {
    const meters = metrics.metersOf(task);
    meters.done('standby', 'ConfigMap|shop|a', 'created', new Date(), 12);
    meters.done('edge', 'Secret|shop|a', 'updated', new Date(), 12);
    meters.failed('standby', 'Secret|shop|a', 'webhook');
  }
  const linesOf = async (task: string) =>
    (await metrics.text()).split('\n').filter((line) => line.includes(`task="${task}"`)).length;
  const before = await linesOf('other');
  expect(await linesOf('over')).toBe(before);
  await metrics.forget('over');
  expect([await linesOf('over'), await linesOf('other')]).toEqual([0, before]);
});

test('servers of which anybody may name others are told under one name', async () => {
  const serverName = (origin: string) => (origin === 'https://own:6443' ? origin : 'remote');
  const named = new Metrics({
    version: '',
    commit: '',
    tasks: () => [],
    watchRestarts: () => new Map(),
    serverName,
  });
  const stop = named.countAnswers();
  const answers = channel('undici:request:headers');
  for (const origin of ['https://own:6443', 'https://a.example', 'https://b.example'])
    answers.publish({ request: { origin, method: 'GET' }, response: { statusCode: 200 } });
  stop();
  const lines = (await named.text()).split('\n').filter((line) => line.startsWith('nsreplicate_api_'));
  expect(lines).toEqual([
    'nsreplicate_api_requests_total{server="https://own:6443",method="GET",code="200"} 1',
    'nsreplicate_api_requests_total{server="remote",method="GET",code="200"} 2',
  ]);
});

test('an instance that stands by says so', async () => {
  expect(await metrics.text()).toContain('nsreplicate_leader{task="dr"} 0\n');
});

test('an object that differs is in one state', () => {
  const replica = { behind: { pending: 10 }, running: 2, retrying: 3, failed: 4, parked: 1 } as ReplicaStatus;
  expect(jobsByState(replica)).toEqual({ pending: 5, running: 2, failed: 3, parked: 1 });
});
