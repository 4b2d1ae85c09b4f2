/**
 * The getting-started steps of ksync, of which devsync is the heir, one by one: an empty directory and a selector, the
 * code comes out of the container, an edit goes in, and the app answers anew.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { images, type Seen, Workplace } from './support/devsync.ts';
import { environment, kubectlBinary } from './support/kubectl.ts';
import { inNamespace } from './support/namespace.ts';
import { start } from './support/process.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

/** As the demo app: tells its files, its pod, and when it was started. A file of the library is beside it. */
const code = {
  'lib.pl': 'sub files { opendir my $d, "/code"; sort grep { !/^\\./ } readdir $d } 1;\n',
  'server.pl': `use IO::Socket; require "/code/lib.pl"; $| = 1;
my $started = time . "-" . int(rand(1e9));
$SIG{TERM} = sub { exit 0 };
my $server = IO::Socket::INET->new(Listen => 9, LocalPort => 80, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
  while (<$client>) { last if /^\\r?\\n$/ }
  my $body = sprintf '{"restart":"%s","pod":"%s","files":[%s]}', $started, $ENV{POD_NAME},
    join ',', map { "\\"$_\\"" } files();
  print $client "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\n\\r\\n$body";
  close $client;
}
`,
};

const app = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: code },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app' },
    spec: {
      selector: { matchLabels: { app: 'app' } },
      template: {
        metadata: { labels: { app: 'app' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          // An image that has its code in a volume, so that a restart keeps what was synced.
          initContainers: [
            {
              name: 'image',
              image: images.plain,
              command: ['sh', '-c', 'cp /image/*.pl /code/'],
              volumeMounts: [
                { name: 'image', mountPath: '/image' },
                { name: 'code', mountPath: '/code' },
              ],
            },
          ],
          containers: [
            {
              name: 'app',
              image: images.plain,
              command: ['perl', '/code/server.pl'],
              env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
              volumeMounts: [{ name: 'code', mountPath: '/code' }],
              readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
            },
          ],
          volumes: [
            { name: 'image', configMap: { name: 'code' } },
            { name: 'code', emptyDir: {} },
          ],
        },
      },
    },
  },
];

interface Answer {
  readonly restart: string;
  readonly pod: string;
  readonly files: string[];
  readonly devsync?: boolean;
}

/** `kubectl port-forward POD :80`, and one question through it. */
async function curl(it: Workplace, pod: string): Promise<Answer> {
  const args = ['--context', contextA, '-n', it.namespace, 'port-forward', pod, ':80'];
  const forward = start(kubectlBinary, args, { env: environment });
  try {
    await forward.saw(/Forwarding from 127\.0\.0\.1:\d+/);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(forward.output.stdout) ?? [];
    return (await (await fetch(`http://127.0.0.1:${port}`)).json()) as Answer;
  } finally {
    forward.child.kill('SIGTERM');
    await forward.ended;
  }
}

const podsOf = ({ state }: Seen) => (state?.sessions ?? []).map(({ pod }) => pod);

test('init, watch, create by a selector with an empty directory, get, an edit: the app answers anew', async () => {
  work = new Workplace(place());
  const it = work;
  expect(await it.must('init')).toMatch(/^API server +ok /m);
  await it.watch();

  await eventually(() => apply(contextA, it.namespace, ...app));
  await it.kubectl('rollout', 'status', 'deployment/app', '--timeout=180s');
  const selector = ['--selector', 'app=app'];
  const pod = (await it.kubectl('get', 'po', ...selector, '-o', 'jsonpath={.items[*].metadata.name}')).trim();

  const folder = join(it.local, 'ksync');
  mkdirSync(folder);
  const onChange = ['--pods', 'all', '--on-change', '*.pl=restart'];
  expect(await it.must('create', '--name', 'code', ...selector, ...onChange, folder, '/code')).toMatch(
    /Sync code made: .*\/ksync with \/code in container app/,
  );
  await it.reaches('code', 'watching', (now) => podsOf(now).length === 1);
  expect(await it.must('get')).toMatch(new RegExp(`^code .*${pod} +app `, 'm'));
  // The code has come out of the container, and nothing was started again for it.
  expect(readdirSync(folder).sort()).toEqual(['lib.pl', 'server.pl']);
  expect(it.read('ksync/server.pl')).toBe(code['server.pl']);
  const first = await curl(it, pod);
  expect(first).toEqual({ restart: expect.any(String), pod, files: ['lib.pl', 'server.pl'] });
  expect((await curl(it, pod)).restart).toBe(first.restart);

  // "Add a new key to the JSON response."
  it.write('ksync/server.pl', code['server.pl'].replace('{"restart"', '{"devsync":true,"restart"'));
  const second = await eventually(async () => {
    const answer = await curl(it, pod);
    expect(answer).toMatchObject({ devsync: true, pod });
    return answer;
  });
  expect(second.restart).not.toBe(first.restart);
  await eventually(async () =>
    expect(await it.must('logs', 'code')).toMatch(/reload \*\.pl=restart: container app was started again/),
  );

  // "Modify the number of replicas and see what happens."
  await it.kubectl('scale', 'deployment/app', '--replicas=2');
  const both = await it.reaches('code', 'watching', (now) => podsOf(now).length === 2);
  const [other = ''] = podsOf(both).filter((name) => name !== pod);
  await eventually(async () =>
    expect(await it.sh(other, 'cat /code/server.pl')).toBe(it.read('ksync/server.pl')),
  );
  expect((await curl(it, pod)).restart).toBe(second.restart);

  await it.must('delete', 'code');
  expect(await it.must('get', '-o', 'name')).toBe('');
  expect(readdirSync(folder).sort()).toEqual(['lib.pl', 'server.pl']);
});
