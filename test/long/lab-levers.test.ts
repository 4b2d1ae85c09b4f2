/** The lab's fault levers, each proven by what clients see. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apply } from '../cluster/support/clients.ts';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import { must } from '../cluster/support/process.ts';
import { Scene } from '../cluster/support/scene.ts';
import {
  cutLink,
  drainNode,
  ensureUp,
  freezeComponent,
  imageNames,
  killComponent,
  LabWorkstation,
  reconnect,
  restartComponent,
  restoreLink,
  setLink,
  startComponent,
  thawComponent,
  uncordonNode,
} from '../lab/index.ts';
import { locked } from '../lab/lock.ts';
import { eventuallySees } from '../support/eventually.ts';

const lab = isLab ? describe : describe.skip;

lab('the line between the clusters', () => {
  let scene: Scene;
  let port = '';
  beforeAll(async () => {
    await ensureUp();
    scene = await Scene.open('line');
    // A server in a that sends as many MiB as it is asked for, a client in b.
    const serve =
      '$SIG{CHLD}="IGNORE";$s=IO::Socket::INET->new(Listen=>9,LocalPort=>8080,ReuseAddr=>1);' +
      'while($c=$s->accept){if(!fork){my $n=<$c>;my $b="x"x1048576;print $c $b for 1..$n;exit}close $c}';
    const pod = (name: string, command: string[]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image: imageNames.plain, command }] },
    });
    await apply(contextA, scene.namespace, pod('server', ['perl', '-MIO::Socket', '-e', serve]), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'server' },
      spec: { type: 'NodePort', selector: { app: 'server' }, ports: [{ port: 8080 }] },
    });
    await apply(contextB, scene.namespace, pod('client', ['sleep', 'inf']));
    const ready = ['-n', scene.namespace, 'wait', '--for=condition=Ready', '--timeout=180s', 'pod', '--all'];
    await Promise.all([kubectl(contextA, ready), kubectl(contextB, ready)]);
    const path = 'jsonpath={.spec.ports[0].nodePort}';
    port = await kubectl(contextA, ['-n', scene.namespace, 'get', 'svc', 'server', '-o', path]);
  });
  afterAll(async () => {
    await restoreLink();
    await scene?.close();
  });

  /** Tells the milliseconds that it takes to get some MiB. */
  const timed = (mebibytes: number) =>
    `t=$(date +%s%N); exec 3<>/dev/tcp/10.89.0.11/${port} && echo ${mebibytes} >&3 && n=$(wc -c <&3) &&
      [ $n = ${mebibytes * 1024 ** 2} ] && echo $(( ($(date +%s%N) - t) / 1000000 ))`;

  /** In the client's own pod; fails after `limit` seconds. */
  async function fetch(mebibytes: number, limit = 10): Promise<number> {
    const script = timed(mebibytes);
    const args = ['-n', scene.namespace, 'exec', 'client', '--', 'timeout', `${limit}`, 'bash', '-c', script];
    return Number(await kubectl(contextB, args));
  }

  /** Resolves with the milliseconds of the first of many tries that took less: the machine has other things to do. */
  const takesLess = (limitMs: number, mebibytes = 0, from = fetch) =>
    eventuallySees(
      () => from(mebibytes),
      (taken) => taken < limitMs,
    );

  test('a workstation is far from the clusters, and its line is narrow, while others are near', async () => {
    const desk = await LabWorkstation.make();
    const [program = '', ...under] = desk.under;
    const fromDesk = async (mebibytes: number) =>
      Number(await must(program, [...under, 'timeout', '20', 'bash', '-c', timed(mebibytes)]));
    try {
      await takesLess(200, 0, fromDesk);
      await desk.far({ delay: 100 });
      expect(await takesLess(800, 0, fromDesk)).toBeGreaterThanOrEqual(400);
      await takesLess(200);
      // A delay limits no rate by itself.
      await takesLess(5_000, 100, fromDesk);
      await desk.far({ delay: 100, rate: '20mbit' });
      // 5 MiB take 2.1 s.
      expect(await takesLess(6_000, 5, fromDesk)).toBeGreaterThan(2_000);
      await desk.far({});
      await takesLess(200, 0, fromDesk);
      await takesLess(1_500, 20, fromDesk);
    } finally {
      await desk.remove();
    }
  });

  test('what a workstation sends is delayed and slowed as well', async () => {
    const desk = await LabWorkstation.make();
    const [program = '', ...under] = desk.under;
    // The server answers once the whole line is there: a number with 2 MiB of zeros before it.
    const script = `t=$(date +%s%N); exec 3<>/dev/tcp/10.89.0.11/${port} && { head -c 2097152 /dev/zero | tr '\\0' 0; echo 1; } >&3 &&
      n=$(wc -c <&3) && [ $n = 1048576 ] && echo $(( ($(date +%s%N) - t) / 1000000 ))`;
    const send = async () => Number(await must(program, [...under, 'timeout', '20', 'bash', '-c', script]));
    try {
      await takesLess(1_000, 0, send);
      // 2 MiB there and 1 MiB back: 1.26 s.
      await desk.far({ rate: '20mbit' });
      expect(await takesLess(6_000, 0, send)).toBeGreaterThan(1_200);
    } finally {
      await desk.remove();
    }
  });

  test('a delay is paid by the handshake and by each round trip', async () => {
    await takesLess(300);
    await setLink({ delay: 100 });
    // Handshake and request: two round trips of 200 ms.
    expect(await takesLess(800)).toBeGreaterThanOrEqual(400);
    // Pipelined: a delay limits no rate by itself.
    await takesLess(5_000, 100);
    await restoreLink();
    await takesLess(300);
  });

  test('a rate limits', async () => {
    await setLink({ rate: '100mbit' });
    expect(await takesLess(5_000, 10)).toBeGreaterThan(700);
  });

  test('a cut line is silent or refuses, and a transfer under way goes on after it', async () => {
    await setLink({ rate: '100mbit' });
    const underWay = fetch(20, 30);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await cutLink();
    await expect(fetch(0, 1)).rejects.toThrow('124');
    await restoreLink();
    expect(await underWay).toBeGreaterThan(1_500);
    await cutLink('reject');
    await expect(fetch(0)).rejects.toThrow(/refused/);
    await restoreLink();
    await takesLess(300);
  });
});

lab('servers and nodes', () => {
  const answers = (context: string): Promise<string> =>
    kubectl(context, ['get', '--raw', '/readyz', '--request-timeout=2s']);
  afterAll(() => reconnect(contextB));

  test('a killed API server stays dead until it is started', async () => {
    await killComponent(contextB, 'kube-apiserver');
    await expect(answers(contextB)).rejects.toThrow();
    await startComponent(contextB, 'kube-apiserver');
    expect(await answers(contextB)).toBe('ok');
  });

  test('a frozen API server takes connections and answers nothing', async () => {
    freezeComponent(contextB, 'kube-apiserver');
    try {
      await expect(answers(contextB)).rejects.toThrow();
    } finally {
      thawComponent(contextB, 'kube-apiserver');
    }
    expect(await answers(contextB)).toBe('ok');
  });

  test('up starts again what was killed', async () => {
    await killComponent(contextA, 'kube-scheduler');
    await killComponent('lab-a-2', 'kubelet');
    await ensureUp();
    await restartComponent('lab-a-2', 'kubelet');
    expect(await answers(contextA)).toBe('ok');
  });

  test('an unknown server is answered with those that there are', async () => {
    await expect(killComponent(contextA, 'kubelet')).rejects.toThrow(/kubelet@lab-a-1, kubelet@lab-a-2/);
  });

  test('a drained node keeps no pods and takes none', async () => {
    await drainNode('lab-a-2');
    const pods = [
      'get',
      'pods',
      '-A',
      '--field-selector',
      'spec.nodeName=lab-a-2,status.phase=Running',
      '-o',
      'name',
    ];
    try {
      expect(await kubectl(contextA, pods)).toBe('');
    } finally {
      await uncordonNode('lab-a-2');
    }
  });
});

lab('the lock', () => {
  test('of two runs at once the second waits for the first', async () => {
    const order: string[] = [];
    let release = (): void => {};
    const held = locked(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const up = ensureUp().then(() => order.push('up'));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    order.push('released');
    release();
    await Promise.all([held, up]);
    expect(order).toEqual(['released', 'up']);
  });
});
