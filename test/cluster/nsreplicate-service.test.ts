/** The service beside a real task: what it answers, to whom, and what comes of what is asked. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type Hostile, hostileRequests } from './support/hostile-requests.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
import type { Running } from './support/process.ts';
import { run } from './support/process.ts';
import { ServiceClient } from './support/service-client.ts';

const password = 'correct horse battery';
const suffix = randomBytes(3).toString('hex');
const [admin, operator, viewer] = ['admin', 'operator', 'viewer'].map((role) => `${role}-${suffix}`) as [
  string,
  string,
  string,
];

let pair: Pair;
let running: Running;
let client: ServiceClient;

const users = (args: readonly string[], input = '') =>
  run(pluginProgram('nsreplicate'), ['users', ...args, '--context', pair.primary], {
    env: environment,
    input,
  });

/** Its types in Node and in browsers disagree. */
type Decoder = ReadableWritablePair<string, Uint8Array>;
const tokens: Record<string, string> = {};
/** As one of the three. */
const as = (name: string) => ({ token: tokens[name] });
const post = { method: 'POST' };

beforeAll(async () => {
  pair = await Pair.open('service');
  const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
  await pair.put(
    pair.from,
    configMap('plain', { a: '1' }),
    secret('hidden', { key: 'hunter2' }),
    configMap('taken', { a: 'new' }),
  );
  await pair.put(pair.from, ...names.map((name) => configMap(name, { a: '1' })));
  // Somebody else's: it is not overwritten, and that is a job that fails.
  await pair.to.create((await import('../../src/kube/api/resources.ts')).namespaces, {
    metadata: { name: pair.namespace },
  });
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
  await Promise.all([admin, operator, viewer, `made-${suffix}`].map((name) => users(['remove', name])));
  await pair.close();
});

const failedJob = async () => {
  const { body } = await client.ask(`/api/jobs?task=${pair.task}&state=failed`, as(admin));
  return body.jobs.find(({ name }: { name: string }) => name === 'taken');
};

describe('the service', () => {
  test('answers without a token what everybody may know, and nothing else', async () => {
    for (const path of ['/healthz', '/readyz', '/api/openapi.json'])
      expect([path, (await client.ask(path, { token: undefined })).status]).toEqual([path, 200]);
    for (const path of [
      '/metrics',
      '/api/dashboard',
      '/api/status',
      '/api/tasks',
      '/api/jobs',
      '/api/events',
      '/retry?jobid=x',
    ])
      expect([path, (await client.ask(path, { token: undefined })).status]).toEqual([path, 401]);
  });

  test('tells how tasks and their clusters stand', async () => {
    await eventually(async () => {
      const { body } = await client.ask('/api/tasks', as(admin));
      const task = body.tasks.find(({ name }: { name: string }) => name === pair.task);
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
    expect(dashboard.total).toBeGreaterThanOrEqual(15);
    await eventually(async () => {
      const { body: lag } = await client.ask(`/api/lag?task=${pair.task}`, as(admin));
      expect(lag.replicas[pair.replica].length).toBeGreaterThan(0);
    });
    const { text } = await client.ask('/metrics', as(admin));
    expect(text).toContain(`nsreplicate_leader{task="${pair.task}"} 1\n`);
    expect(text).toContain(
      `nsreplicate_jobs{task="${pair.task}",replica="${pair.replica}",state="parked"} 1\n`,
    );
    expect(text).toMatch(
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
    expect((await client.ask(ways[0] ?? '', as(operator))).status).toBe(202);
    expect((await client.ask(ways[1] ?? '', { ...post, ...as(operator) })).status).toBe(202);
    await running.saw(/retrying 1 failed jobs/);
    expect((await failedJob()).id).toBe(job.id);
    expect((await client.ask(`/retry?jobid=${job.id}&replica=other`, as(operator))).status).toBe(404);
    expect((await client.ask('/retry?jobid=0123', as(operator))).status).toBe(404);
    expect((await client.ask('/retry', as(operator))).status).toBe(400);
    const { body } = await client.ask('/api/tasks', as(admin));
    const { askedFor } = body.tasks.find(({ name }: { name: string }) => name === pair.task);
    expect(askedFor.at(-1)).toMatchObject({
      by: operator,
      what: 'retry',
      about: `ConfigMap ${pair.namespace}/taken on ${pair.replica}`,
    });
    expect((await pair.ask('status')).stdout).toContain(
      `asked for: retry ConfigMap ${pair.namespace}/taken on ${pair.replica}, by ${operator}`,
    );
  });

  test('finds jobs, page by page', async () => {
    const find = async (query: string) =>
      (await client.ask(`/api/jobs?task=${pair.task}&${query}`, as(admin))).body;
    const all = await find('search=MANY-');
    expect(all.total).toBe(12);
    const [first, second] = [await find('search=many-&limit=5'), await find('search=many-&limit=5&offset=5')];
    expect([...first.jobs, ...second.jobs]).toEqual(all.jobs.slice(0, 10));
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
    const task = async () =>
      (await client.ask('/api/tasks', as(admin))).body.tasks.find(
        ({ name }: { name: string }) => name === pair.task,
      );
    expect((await approve('0123456789abcdef')).status).toBe(409);
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => pair.delete(pair.from, 'configmap', `many-${index}`)),
    );
    let shown: Awaited<ReturnType<typeof task>>;
    await eventually(async () => {
      shown = await task();
      expect(shown.replicas[0]).toMatchObject({
        deletionsStopped: true,
        stoppedBecause: expect.stringContaining('deletions'),
      });
      expect(shown.digest).toEqual(expect.any(String));
    });
    const { waiting } = shown.replicas[0];
    expect(waiting.objects).toHaveLength(waiting.count);
    // Ten of them were allowed, whichever came first.
    expect(waiting.objects[0]).toMatch(`ConfigMap ${pair.namespace}/many-`);
    await pair.delete(pair.from, 'configmap', 'plain');
    await eventually(async () => expect((await task()).digest).not.toBe(shown.digest));
    expect((await approve(shown.digest)).status).toBe(409);
    expect((await approve((await task()).digest)).status).toBe(202);
    await eventually(async () => {
      const names = Object.keys(await pair.content(pair.to));
      expect(names.filter((name) => /many|plain/.test(name))).toEqual([]);
      expect(await task()).toMatchObject({ replicas: [{ deletionsStopped: false }] });
    });
  });

  test('tells of changes as they come, for as long as the token holds', async () => {
    const ended = new AbortController();
    const { body } = await fetch(`${client.url}/api/events`, {
      headers: { authorization: `Bearer ${tokens[admin]}` },
      signal: ended.signal,
    });
    const reader = (body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream() as unknown as Decoder)
      .getReader();
    let heard = '';
    const until = async (text: string) => {
      while (!heard.includes(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended without ${text}: ${heard}`);
        heard += value;
      }
    };
    await until('event: task\ndata: {"name":');
    expect(heard).toContain('event: jobs\n');
    heard = '';
    await client.ask(`/api/tasks/${pair.task}/pause`, { ...post, ...as(admin) });
    await until('"phase":"Paused"');
    await client.ask(`/api/tasks/${pair.task}/resume`, { ...post, ...as(admin) });
    await users(['passwd', admin], 'another good password\n');
    while (!(await reader.read()).done);
    expect((await client.ask('/api/tasks', as(admin))).status).toBe(401);
    tokens[admin] = (await client.signIn(admin, 'another good password')).body.token;
  });

  test('makes users for admins, who may do no more than they', async () => {
    const make = (body: object, by: string) => client.ask('/api/users', { ...post, body, ...as(by) });
    const user = { username: `made-${suffix}`, password, role: 'viewer' };
    expect((await make(user, operator)).status).toBe(403);
    expect((await make({ ...user, password: 'short' }, admin)).status).toBe(400);
    expect((await make({ ...user, role: 'root' }, admin)).status).toBe(400);
    expect((await make(user, admin)).status).toBe(201);
    expect((await make(user, admin)).status).toBe(409);
    const lasting = (await users(['token', operator])).stdout.trim();
    expect((await client.ask('/metrics', { token: lasting })).status).toBe(200);
    const listed = await users(['list', '-o', 'json']);
    expect(listed.stdout).toContain(`"createdBy": "${admin}"`);
    expect(listed.stdout).not.toMatch(/hash|\$2b/);
    await users(['remove', operator]);
    await eventually(
      async () => expect((await client.ask('/api/jobs', as(operator))).status).toBe(401),
      5000,
    );
    expect((await client.ask('/metrics', { token: lasting })).status).toBe(401);
  });

  test('slows wrong passwords down, of known and of unknown names alike', async () => {
    for (const username of [viewer, `nobody-${suffix}`]) {
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 7; attempt++)
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

  test('meets a thousand hostile requests without a crash, a leak or a defect', async () => {
    const statuses = new Map<number, number>();
    const ask = async (request: Hostile) => {
      const { status, text } = await client.send(request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500 && status !== 503)
        throw new Error(`${status} for ${JSON.stringify(request).slice(0, 500)}`);
      expect(text).not.toMatch(/\$2b\$|hunter|at .*\.(?:c?js|ts):\d/);
    };
    // Retries and approvals are asked for what does not exist; users are not made: no token here may do that.
    const requests = hostileRequests(1000, Object.keys(client.document.paths), tokens[viewer] ?? '');
    for (let from = 0; from < requests.length; from += 20)
      await Promise.all(requests.slice(from, from + 20).map(ask));
    expect(Math.min(...statuses.keys())).toBeGreaterThanOrEqual(200);
    expect((await client.ask('/healthz', { token: undefined })).status).toBe(200);
    expect(running.output.stderr).not.toMatch(/the service failed at/);
    expect(running.child.exitCode).toBeNull();
  });

  test('answers as its document says, for each operation of it', () => {
    const all = Object.entries(client.document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const succeeded = [...client.seen].filter(([, statuses]) => [...statuses].some((status) => status < 300));
    expect(new Set([...succeeded.map(([name]) => name), 'GET /api/events'])).toEqual(new Set(all));
  });
});
