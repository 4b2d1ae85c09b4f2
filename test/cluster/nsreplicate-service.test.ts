/** The service beside a real task: what it answers, to whom, and what comes of what is asked. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { readEvents } from './support/event-stream.ts';
import { hostileRequests } from './support/hostile-requests.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
import { type Running, run } from './support/process.ts';
import { floodOfLogins, metricOf, openFiles, sendHostile } from './support/service-attacks.ts';
import { ServiceClient } from './support/service-client.ts';

const password = 'correct horse battery';
const suffix = randomBytes(3).toString('hex');
const many = Array.from({ length: 12 }, (_, index) => `many-${index}`);
const nameOf = (role: string) => `${role}-${suffix}`;
const [admin, operator, viewer, helper] = ['admin', 'operator', 'viewer', 'helper'].map(nameOf) as [
  ...[string, string, string, string],
];

let pair: Pair;
let running: Running;
let client: ServiceClient;

const users = (args: readonly string[], input = '') =>
  run(pluginProgram('nsreplicate'), ['users', ...args, '--context', pair.primary], {
    env: environment,
    input,
  });

const tokens: Record<string, string> = {};
/** As one of the three. */
const as = (name: string) => ({ token: tokens[name] });
const post = { method: 'POST' };

beforeAll(async () => {
  pair = await Pair.open('service');
  await pair.put(
    pair.from,
    configMap('plain', { a: '1' }),
    secret('hidden', { key: 'hunter2' }),
    configMap('taken', { a: 'new' }),
  );
  await pair.put(pair.from, ...many.map((name) => configMap(name, { a: '1' })));
  // Somebody else's: it is not overwritten, and that is a job that fails.
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
  await pair.put(pair.to, configMap('taken', { a: 'theirs' }));
  running = pair.start('--listen', '127.0.0.1:0');
  await running.saw('compared: ');
  const [, url = ''] = /listening on (\S+)/.exec(running.output.stderr) ?? [];
  client = await ServiceClient.open(url);
  const made = await Promise.all([
    users(['add', admin, '--role', 'admin'], `${password}\n`),
    users(['add', operator, '--role', 'operator', '--namespaces', pair.namespace], `${password}\n`),
    users(['add', viewer, '--namespaces', 'somewhere-else'], `${password}\n`),
  ]);
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
  await eventually(async () => {
    for (const name of [admin, operator, viewer]) {
      tokens[name] = (await client.signIn(name, password)).body.token;
      expect(tokens[name]).toEqual(expect.any(String));
    }
  });
});
afterAll(async () => {
  const made = [admin, operator, viewer, helper, nameOf('made')];
  await Promise.all(made.map((name) => users(['remove', name])));
  await pair.close();
});

const ownTask = async () => {
  const { body } = await client.ask('/api/tasks', as(admin));
  return body.tasks.find(({ name }: { name: string }) => name === pair.task);
};
const metric = async (name: string, labels = {}) => {
  const { text } = await client.ask('/metrics', as(admin));
  return metricOf(text, `nsreplicate_${name}`, { task: pair.task, ...labels });
};
/** The one that fails; while it is tried again it is none of those. */
const failedJob = () =>
  eventually(async () => {
    const { body } = await client.ask(`/api/jobs?task=${pair.task}&state=failed`, as(admin));
    const job = body.jobs.find(({ name }: { name: string }) => name === 'taken');
    expect(job).toMatchObject({ parked: true });
    return job;
  });
/** Waits until all of what is there no more on the primary is gone from the replica, or waits for an approval. */
const allIsStopped = () =>
  eventually(async () => {
    const [task, there] = [await ownTask(), Object.keys(await pair.content(pair.to))];
    const left = there.filter((name) => /many|plain/.test(name));
    const originals = Object.keys(await pair.content(pair.from));
    const going = left.filter((name) => !originals.includes(name));
    expect(task.replicas[0]).toMatchObject({
      deletionsStopped: true,
      stoppedBecause: expect.stringContaining('deletions'),
      waiting: { count: going.length },
    });
    expect(task.digest).toEqual(expect.any(String));
    return task;
  });

describe('the service', () => {
  test('answers without a token what everybody may know, and nothing else', async () => {
    const open = ['GET /healthz', 'GET /readyz', 'GET /api/openapi.json', 'POST /api/login'];
    const asked: string[] = [];
    for (const { method, path } of client.operations) {
      const filled = path.replaceAll(/\{\w+\}/g, pair.task);
      const { status } = await client.ask(filled, { method, token: undefined });
      if (status !== 401) asked.push(`${method} ${path}`);
      if (method === 'GET' && status !== 401) expect([path, status]).toEqual([path, 200]);
    }
    expect(asked.sort()).toEqual(open.sort());
  });

  test('tells how tasks and their clusters stand', async () => {
    await eventually(async () => {
      const task = await ownTask();
      expect(task).toMatchObject({ phase: 'Watching', paused: false, primary: { reachable: true } });
      expect(task.replicas).toEqual([
        expect.objectContaining({ name: pair.replica, reachable: true, failed: 1, parked: 1 }),
      ]);
      expect(task.failures).toEqual([
        { replica: pair.replica, kind: 'ConfigMap', reason: 'not-ours', count: 1 },
      ]);
    });
    const status = await client.ask('/api/status', as(admin));
    const answers = { reachable: true, version: expect.stringMatching(/^v1\./) };
    expect(status.body).toEqual({
      primary: { name: pair.primary, ...answers },
      replicas: [{ name: pair.replica, ...answers }],
    });
    const { body: dashboard } = await client.ask('/api/dashboard', as(admin));
    expect(dashboard.replicas).toContainEqual(
      expect.objectContaining({ task: pair.task, replica: pair.replica, failed: 1, ongoing: 0, pending: 0 }),
    );
    expect(dashboard.objects).toBeGreaterThanOrEqual(15);
    for (const count of ['total', 'ongoing', 'failed', 'pending']) {
      const each: number[] = dashboard.replicas.map((one: Record<string, number>) => one[count]);
      expect([count, dashboard[count]]).toEqual([count, each.reduce((sum, one) => sum + one, 0)]);
    }
    expect(dashboard.total).toBeGreaterThanOrEqual(15);
    await eventually(async () => {
      const { body: lag } = await client.ask(`/api/lag?task=${pair.task}`, as(admin));
      expect(lag.replicas[pair.replica].length).toBeGreaterThan(0);
    });
    expect(await metric('leader')).toBe(1);
    expect(await metric('jobs', { replica: pair.replica, state: 'parked' })).toBe(1);
    expect((await client.ask('/metrics', as(admin))).text).toMatch(
      /nsreplicate_api_requests_total\{server="https:[^"]+",method="PATCH",code="201"\} \d/,
    );
  });

  test('lets a job be tried again by its id, and keeps who asked', async () => {
    const job = await failedJob();
    expect(job).toMatchObject({
      replica: pair.replica,
      kind: 'ConfigMap',
      namespace: pair.namespace,
      parked: true,
    });
    const ways = [`/retry?jobid=${job.id}&replica=${pair.replica}`, `/retry?jobid=${job.id}`];
    // Its header alone has the token: neither a cookie nor the address.
    const cookie = `token=${tokens[admin]}; authorization=Bearer ${tokens[admin]}`;
    for (const path of [ways[0] ?? '', `${ways[0]}&token=${tokens[admin]}`])
      for (const method of ['GET', 'POST'])
        expect((await client.send({ method, path, headers: { cookie }, body: '' })).status).toBe(401);
    expect((await client.ask(ways[0] ?? '', as(operator))).status).toBe(202);
    expect((await client.ask(ways[1] ?? '', { ...post, ...as(operator) })).status).toBe(202);
    await running.saw(/retrying 1 failed jobs/);
    expect((await failedJob()).id).toBe(job.id);
    expect((await client.ask(`/retry?jobid=${job.id}&replica=other`, as(operator))).status).toBe(404);
    expect((await client.ask('/retry?jobid=0123', as(operator))).status).toBe(404);
    expect((await client.ask('/retry', as(operator))).status).toBe(400);
    const about = `ConfigMap ${pair.namespace}/taken on ${pair.replica}`;
    const told = { by: operator, what: 'retry', about };
    await eventually(async () => expect((await ownTask()).askedFor.at(-1)).toMatchObject(told));
    expect((await pair.ask('status')).stdout).toContain(`asked for: retry ${about}, by ${operator}`);
  });

  test('finds jobs, page by page', async () => {
    const find = async (query: string) =>
      (await client.ask(`/api/jobs?task=${pair.task}&${query}`, as(admin))).body;
    const all = await find('search=MANY-');
    expect(all.total).toBe(12);
    const [first, second] = [await find('search=many-&limit=5'), await find('search=many-&limit=5&offset=5')];
    expect([...first.jobs, ...second.jobs]).toEqual(all.jobs.slice(0, 10));
    for (const query of [`replica=${pair.replica}`, `namespace=${pair.namespace}`])
      expect((await find(`search=many-&${query}`)).total).toBe(12);
    for (const query of ['replica=other', 'namespace=other']) expect((await find(query)).total).toBe(0);
    expect((await find('kind=secret')).jobs.map(({ name }: { name: string }) => name)).toEqual(['hidden']);
    expect((await client.ask('/api/jobs?limit=9999', as(admin))).status).toBe(400);
  });

  test('shows a role for some namespaces no object of others, and lets it do nothing to them', async () => {
    const job = await failedJob();
    expect((await client.ask(`/api/jobs?task=${pair.task}`, as(viewer))).body).toMatchObject({
      total: 0,
      jobs: [],
    });
    expect((await client.ask(`/retry?jobid=${job.id}`, as(viewer))).status).toBe(403);
    const diff = `/api/tasks/${pair.task}/diff?kind=ConfigMap&name=taken&namespace=${pair.namespace}`;
    expect((await client.ask(diff, as(viewer))).status).toBe(403);
    for (const verb of ['pause', 'resume', 'plan'])
      expect((await client.ask(`/api/tasks/${pair.task}/${verb}`, { ...post, ...as(operator) })).status).toBe(
        403,
      );
    expect((await client.ask('/api/tasks', as(viewer))).text).not.toContain(pair.namespace);
  });

  test('shows how one object differs, and no value of a Secret', async () => {
    await pair.put(pair.to, configMap('foreign', { a: '1' }));
    const diff = async (kind: string, name: string) =>
      (
        await client.ask(
          `/api/tasks/${pair.task}/diff?kind=${kind}&name=${name}&namespace=${pair.namespace}`,
          as(operator),
        )
      ).body;
    expect(await diff('ConfigMap', 'plain')).toEqual({ copied: true, changes: [], unread: [] });
    expect((await diff('ConfigMap', 'taken')).changes).toEqual([
      expect.objectContaining({ replica: pair.replica, action: 'refused', note: expect.any(String) }),
    ]);
    expect(await diff('ConfigMap', 'nothing')).toMatchObject({ copied: false, changes: [] });
    await client.ask(`/api/tasks/${pair.task}/pause`, { ...post, ...as(admin) });
    await running.saw('paused');
    expect((await pair.ask('status')).stdout).toContain(`asked for: pause, by ${admin} at `);
    await pair.put(pair.from, secret('hidden', { key: 'hunter3' }));
    const shown = JSON.stringify(await diff('Secret', 'hidden'));
    expect(shown).toContain('data.key');
    expect(shown).not.toContain(Buffer.from('hunter3').toString('base64'));
    const plan = await client.ask(`/api/tasks/${pair.task}/plan`, { ...post, ...as(admin) });
    expect(
      plan.body.changes.map(({ action, name }: Record<string, string>) => `${action} ${name}`),
    ).toContain('update hidden');
    await client.ask(`/api/tasks/${pair.task}/resume`, { ...post, ...as(admin) });
    await running.saw('resumed');
    await eventually(async () => expect(await diff('Secret', 'hidden')).toMatchObject({ changes: [] }));
  });

  test('lets just those deletions go on that were shown', async () => {
    const approve = (digest: string) =>
      client.ask(`/api/tasks/${pair.task}/approve`, { ...post, ...as(admin), body: { digest } });
    expect((await approve('0123456789abcdef')).status).toBe(409);
    await Promise.all(many.map((name) => pair.delete(pair.from, 'configmap', name)));
    const shown = await allIsStopped();
    expect(await metric('deletions_stopped')).toBe(1);
    const { waiting } = shown.replicas[0];
    expect(waiting.objects).toHaveLength(waiting.count);
    // Ten of them were allowed, whichever came first.
    expect(waiting.objects[0]).toMatch(`ConfigMap ${pair.namespace}/many-`);
    await pair.delete(pair.from, 'configmap', 'plain');
    const { digest } = await allIsStopped();
    expect(digest).not.toBe(shown.digest);
    expect((await approve(shown.digest)).status).toBe(409);
    expect((await approve(digest)).status).toBe(202);
    await eventually(async () => {
      const names = Object.keys(await pair.content(pair.to));
      expect(names.filter((name) => /many|plain/.test(name))).toEqual([]);
      expect(await ownTask()).toMatchObject({ replicas: [{ deletionsStopped: false }] });
    });
  });

  test('counts in its metrics what the run does', async () => {
    const kind = { replica: pair.replica, kind: 'ConfigMap' };
    expect(await metric('changes_total', { ...kind, result: 'created' })).toBe(13);
    expect(await metric('changes_total', { ...kind, result: 'pruned' })).toBe(13);
    expect(await metric('failures_total', { ...kind, reason: 'not-ours' })).toBeGreaterThan(0);
    expect(await metric('apply_duration_seconds_count')).toBeGreaterThanOrEqual(28);
    expect(await metric('lag_seconds_count')).toBeGreaterThanOrEqual(13);
    await eventually(async () => {
      for (const name of ['queue_depth', 'deletions_stopped'])
        expect([name, await metric(name)]).toEqual([name, 0]);
    });
    const { body } = await client.ask('/api/dashboard', as(admin));
    expect(body.replicas).toContainEqual(
      expect.objectContaining({ task: pair.task, lagP50Ms: expect.any(Number) }),
    );
  });

  test('tells of changes as they come, for as long as the token holds', async () => {
    const events = await readEvents(client.url, tokens[admin]);
    expect(await events.until('event: jobs\n')).toContain('event: task\ndata: {"name":');
    await client.ask(`/api/tasks/${pair.task}/pause`, { ...post, ...as(admin) });
    await events.until('"phase":"Paused"');
    await client.ask(`/api/tasks/${pair.task}/resume`, { ...post, ...as(admin) });
    await users(['passwd', admin], 'another good password\n');
    await events.ended();
    expect((await client.ask('/api/tasks', as(admin))).status).toBe(401);
    tokens[admin] = (await client.signIn(admin, 'another good password')).body.token;
  });

  test('makes users for admins, who may do no more than they', async () => {
    const make = (body: object, by: string) => client.ask('/api/users', { ...post, body, ...as(by) });
    const user = { username: nameOf('made'), password, role: 'viewer' };
    expect((await make(user, operator)).status).toBe(403);
    expect((await make({ ...user, password: 'short' }, admin)).status).toBe(400);
    expect((await make({ ...user, role: 'root' }, admin)).status).toBe(400);
    expect((await make(user, admin)).status).toBe(201);
    expect((await make(user, admin)).status).toBe(409);
    const lasting = (await users(['token', operator])).stdout.trim();
    await eventually(async () => expect((await client.ask('/metrics', { token: lasting })).status).toBe(200));
    const listed = await users(['list', '-o', 'json']);
    expect(listed.stdout).toContain(`"createdBy": "${admin}"`);
    expect(listed.stdout).not.toMatch(/hash|\$2b/);
    await users(['remove', operator]);
    await eventually(async () => expect((await client.ask('/api/jobs', as(operator))).status).toBe(401));
    expect((await client.ask('/metrics', { token: lasting })).status).toBe(401);
  });

  test('slows wrong passwords down, of known and of unknown names alike', async () => {
    for (const username of [viewer, `nobody-${suffix}`]) {
      const statuses: number[] = [];
      // The pause doubles with each of them, so that no machine is too slow for one to come within it.
      for (let attempt = 0; attempt < 12 && !statuses.includes(429); attempt++)
        statuses.push(
          (
            await client.ask('/api/login', {
              ...post,
              token: undefined,
              body: { username, password: 'wrong wrong' },
            })
          ).status,
        );
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
      expect(statuses.slice(5)).toContain(429);
    }
  });

  test('meets a thousand hostile requests of every role without a crash, a leak or a defect', async () => {
    await users(['add', helper, '--role', 'operator'], `${password}\n`);
    const lasting = (await users(['token', helper])).stdout.trim();
    await eventually(async () =>
      expect((await client.ask('/api/jobs', { token: lasting })).status).toBe(200),
    );
    const before = openFiles(running.child.pid);
    const { operations } = client;
    const everybody = [tokens[viewer] ?? '', lasting, tokens[admin] ?? ''];
    const requests = hostileRequests({ count: 1000, operations, tokens: everybody, task: pair.task });
    const statuses = await sendHostile(client, requests);
    // They got as far as to those who do something, and not only to the door.
    expect([...statuses.keys()]).toEqual(
      expect.arrayContaining([200, 202, 400, 401, 403, 404, 405, 413, 415]),
    );
    expect((await client.ask('/healthz', { token: undefined })).status).toBe(200);
    await eventually(() => expect(openFiles(running.child.pid)).toBeLessThan(before + 30));
    expect(running.output.stderr).not.toMatch(/the service failed at/);
    expect(running.child.exitCode).toBeNull();
    await client.ask(`/api/tasks/${pair.task}/resume`, { ...post, ...as(admin) });
    await pair.put(pair.from, configMap('afterwards', { a: '1' }));
    await eventually(() => pair.copyOf('configmaps', 'afterwards'));
  });

  test('goes on replicating and answering while a hundred wrong passwords a second come in', async () => {
    const flood = floodOfLogins(client);
    const count = () => [...flood.statuses.values()].reduce((sum, one) => sum + one, 0);
    try {
      for (let round = 0; round < 5 || count() < 200; round++) {
        await pair.put(pair.from, configMap('afterwards', { a: `${round}` }));
        await eventually(async () =>
          expect((await pair.copyOf('configmaps', 'afterwards')).data).toEqual({ a: `${round}` }),
        );
        expect((await client.ask('/healthz', { token: undefined })).status).toBe(200);
        expect((await client.ask('/api/tasks', as(admin))).status).toBe(200);
      }
    } finally {
      flood.stop();
    }
    expect(flood.failures).toEqual([]);
    // Few are hashed, all others are sent away before that.
    expect([...flood.statuses.keys()].sort()).toEqual([401, 503]);
    expect(flood.statuses.get(503)).toBeGreaterThan(flood.statuses.get(401) ?? 0);
  });

  test('says no secret in its log, and none in its metrics', async () => {
    const { stdout, stderr } = running.output;
    const { text } = await client.ask('/metrics', as(admin));
    expect(stdout + stderr).toContain('listening on');
    expect(text).toContain('nsreplicate_http_requests_total');
    const values = ['hunter2', 'hunter3'].map((value) => Buffer.from(value).toString('base64'));
    for (const secretText of [
      ...values,
      'hunter',
      password,
      'another good password',
      'wrong wrong',
      '$2b$',
      'eyJ',
    ])
      expect([stdout, stderr, text].filter((one) => one.includes(secretText))).toEqual([]);
  });

  test('answers as its document says, for each operation of it', () => {
    const all = client.operations.map(({ method, path }) => `${method} ${path}`);
    const succeeded = [...client.seen].filter(([, statuses]) => [...statuses].some((status) => status < 300));
    expect(new Set(succeeded.map(([name]) => name))).toEqual(new Set(all));
  });
});
