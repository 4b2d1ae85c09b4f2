/**
 * A promotion between two servers, interrupted as each of its steps begins: killed, or one of four lines cut, the
 * workstation's and those of the run that is at work, to either cluster. The same command takes it up once the line is
 * there again. The servers' audit logs tell that nothing of an older epoch was written after the first write of the newer
 * one, and that nothing was woken before the primary knew of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { promotionSteps, stepText } from '../../plugins/nsreplicate/failover/promote.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { nightly, told } from './support/fence.ts';
import { startPlugin } from './support/kubectl.ts';
import { Line } from './support/line.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import type { Ended, Running } from './support/process.ts';
import { describeWithServers, type Servers } from './support/servers.ts';
import type { AuditEvent } from './support/solo-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-cut-'));
afterAll(() => rmSync(folder, { recursive: true }));

const auditRules = [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'] }, { level: 'None' }];

const clusters = ['primary', 'standby'] as const;
type ClusterName = (typeof clusters)[number];
type Lines = Readonly<Record<ClusterName, Line>>;

/** A second wave, which comes after the first one. */
const weekly: KubeObject = {
  ...nightly,
  metadata: { name: 'weekly', annotations: { 'x8s.dev/depends-on': 'CronJob/nightly' } },
};
const kinds = ['--kinds', 'cm,cronjobs'];
const quickly = ['--request-timeout', '5s'];

class Scene {
  readonly pair: Pair;
  readonly workstation: Lines;
  readonly run: Lines;
  readonly #started: Running[] = [];
  readonly #stop = new AbortController();
  #writing: Promise<void> = Promise.resolve();

  private constructor(pair: Pair, workstation: Lines, run: Lines) {
    this.pair = pair;
    this.workstation = workstation;
    this.run = run;
  }

  static async open(servers: Servers): Promise<Scene> {
    const own = mkdtempSync(join(folder, 'lines-'));
    const linesOf = async (who: string): Promise<Lines> => {
      const [primary, standby] = await Promise.all(
        clusters.map((name) => Line.open(servers.named(name), join(own, `${who}-${name}`))),
      );
      return { primary, standby } as Lines;
    };
    const [workstation, run] = [await linesOf('workstation'), await linesOf('run')];
    const [primary, replica] = clusters.map((name) => servers.named(name).kubeconfig);
    const pair = await Pair.open('cut', { primary: primary as string, replica: replica as string });
    return new Scene(pair, workstation, run);
  }

  /** The run is at work by its own lines, and has much to write. */
  async begin(): Promise<Running> {
    const { pair, run } = this;
    await pair.put(pair.from, nightly, weekly, configMap('busy', { value: '0' }));
    const flags = ['--primary', run.primary.kubeconfig, '--replica', run.standby.kubeconfig];
    const task = ['--name', pair.task, '--sync-namespaces', pair.namespace];
    const running = startPlugin('nsreplicate', [...flags, ...task, '--standby', ...kinds, ...quickly]);
    this.#started.push(running);
    await running.saw('compared: ');
    this.#writing = this.#keepWriting();
    return running;
  }

  async #keepWriting(): Promise<void> {
    for (let written = 1; !this.#stop.signal.aborted; written++) {
      await this.pair.put(this.pair.from, configMap('busy', { value: String(written) }));
      await sleep(100);
    }
  }

  /** As somebody does on a workstation, by its lines. */
  promote(): Running {
    const { primary, standby } = this.workstation;
    const task = ['--primary', 'primary', '--name', this.pair.task];
    const running = startPlugin('nsreplicate', ['promote', 'standby', ...task, '-y', ...quickly], {
      KUBECONFIG: `${primary.kubeconfig}:${standby.kubeconfig}`,
    });
    this.#started.push(running);
    return running;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([this.#writing]);
    for (const { child } of this.#started) child.kill('SIGKILL');
    await Promise.allSettled(this.#started.map(({ ended }) => ended));
    for (const lines of [this.workstation, this.run]) for (const line of Object.values(lines)) line.close();
    await this.pair.close();
  }
}

interface Interruption {
  readonly what: string;
  readonly begins: (scene: Scene, promoting: Running) => void;
  readonly ends: (scene: Scene) => void;
  /** The promotion that is interrupted does not feel it. */
  readonly isUnhindered?: boolean;
}

const cutOf = (who: 'workstation' | 'run', cluster: ClusterName): Interruption => ({
  what: `the line of the ${who} to the ${cluster} is cut`,
  begins: (scene) => scene[who][cluster].cut(),
  ends: (scene) => scene[who][cluster].mend(),
  isUnhindered: who === 'run',
});

const interruptions: readonly Interruption[] = [
  {
    what: 'the promotion is killed',
    begins: (_scene, { child }) => void child.kill('SIGKILL'),
    ends: () => undefined,
  },
  ...(['workstation', 'run'] as const).flatMap((who) => clusters.map((cluster) => cutOf(who, cluster))),
];

/** Interrupts a promotion as a step begins, takes it up, waits until the old run has found out, and tells what came of it. */
async function interrupted(
  servers: Servers,
  step: string,
  { begins, ends, isUnhindered = false }: Interruption,
) {
  const scene = await Scene.open(servers);
  try {
    const run = await scene.begin();
    const promoting = scene.promote();
    await promoting.saw(stepText(step));
    begins(scene, promoting);
    const first = await promoting.ended;
    ends(scene);
    const again = await scene.promote().ended;
    const old = await run.ended;
    return {
      ...(isUnhindered && { first: endOf(first) }),
      again: endOf(again),
      run: old.code === 3 && old.stderr.includes('is fenced') ? 'fenced' : old,
      ...audited(servers, scene.pair),
    };
  } finally {
    await scene.close();
  }
}

/** What a program said that did not end well. */
const endOf = (ended: Ended) => (ended.code === 0 ? 'well' : ended);

/** Whether a write of the newer epoch came before the primary knew of that, and writes of the older one that came later. */
function audited(servers: Servers, { namespace, task }: Pair) {
  const { woken, copied } = told(servers.named('standby').audited(), namespace);
  const firstAt = woken[0]?.requestReceivedTimestamp ?? '';
  const isEpoch = ({ objectRef, responseStatus }: AuditEvent) =>
    objectRef?.namespace === stateNamespace &&
    objectRef.name === `nsreplicate-${task}-epoch` &&
    (responseStatus?.code ?? 0) < 300;
  const knows = servers.named('primary').audited().find(isEpoch);
  return {
    woken: woken.map(({ objectRef }) => objectRef?.name),
    isKnownBefore: knows !== undefined && knows.stageTimestamp < firstAt,
    copiedBefore: copied.length > 0,
    copiedAfter: copied.filter(({ stageTimestamp }) => stageTimestamp >= firstAt),
  };
}

describeWithServers(
  'a promotion that is interrupted',
  clusters,
  (servers) => {
    test.each(promotionSteps)('as the step "%s" begins is taken up by the same command', async (step) => {
      const found = await Promise.all(
        interruptions.map(async (one) => [one.what, await interrupted(servers(), step, one)] as const),
      );
      const expected = interruptions.map(({ what, isUnhindered }) => [
        what,
        {
          ...(isUnhindered && { first: 'well' }),
          ...{ again: 'well', run: 'fenced', woken: ['nightly', 'weekly'], isKnownBefore: true },
          ...{ copiedBefore: true, copiedAfter: [] },
        },
      ]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    });
  },
  { auditRules },
);
