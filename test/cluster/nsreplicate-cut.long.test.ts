/**
 * A promotion whose line to one of the clusters is cut at each of its steps, and which the same command takes up again,
 * while a run of the older epoch goes on to write: by the audit logs of both API servers, that run writes nothing after the
 * first write of the newer epoch.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMaps } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { type CutLine, startLine } from './support/cut-line.ts';
import { nightly, told } from './support/fence.ts';
import { plugin } from './support/kubectl.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { describeWithServers } from './support/servers.ts';

const writes = ['create', 'update', 'patch', 'delete'];
const auditRules = [{ level: 'Metadata', verbs: writes }, { level: 'None' }];
const sides = ['home', 'standby'] as const;
type Side = (typeof sides)[number];
/** Steps at which a line is cut, evenly over all pieces that a promotion sends over it. */
const CUTS = 8;
const kinds = ['--standby', '--kinds', 'cm,cronjobs'];

describeWithServers(
  'a promotion',
  sides,
  (servers) => {
    const folder = mkdtempSync(join(tmpdir(), 'x8s-cut-'));
    const lines = {} as Record<Side, CutLine>;
    const file = (side: Side) => join(folder, `${side}.yaml`);

    beforeAll(async () => {
      for (const side of sides) {
        const { url, kubeconfig } = servers().named(side);
        lines[side] = await startLine(url);
        writeFileSync(file(side), readFileSync(kubeconfig, 'utf8').replace(url, lines[side].url));
      }
    });
    afterAll(() => {
      for (const side of sides) lines[side]?.close();
      rmSync(folder, { recursive: true });
    });

    /** By the lines that can be cut; the run that is promoted away has lines of its own. */
    const promote = (task: string) =>
      plugin(
        'nsreplicate',
        ['promote', 'standby', '--primary', 'home', '--name', task, '-y', '--request-timeout', '2s'],
        { KUBECONFIG: sides.map(file).join(':') },
      );

    /**
     * Promotes while a run writes without a pause.
     * @returns how many pieces went over each line
     */
    async function promoteThrough(cut?: { readonly side: Side; readonly after: number }) {
      const { home, standby } = { home: servers().named('home'), standby: servers().named('standby') };
      const pair = await Pair.open('cut', { primary: home.kubeconfig, replica: standby.kubeconfig });
      const { namespace, task } = pair;
      let isOver = false;
      try {
        await pair.put(pair.from, nightly, configMap('busy', { n: '0' }));
        const running = pair.start(...kinds);
        await running.saw('compared: ');
        const writing = (async () => {
          for (let n = 1; !isOver; n++) {
            await pair.put(pair.from, configMap('busy', { n: String(n) }));
            await sleep(20);
          }
        })();
        const before = { home: lines.home.sent, standby: lines.standby.sent };
        if (cut) lines[cut.side].cutAfter(cut.after);
        const first = await promote(task);
        const wasCut = cut !== undefined && lines[cut.side].isCut;
        if (cut) lines[cut.side].mend();
        const over = { home: lines.home.sent - before.home, standby: lines.standby.sent - before.standby };
        await eventually(async () => {
          const ended = first.code === 0 ? first : await promote(task);
          expect([ended.code, ended.stderr]).toEqual([0, expect.anything()]);
        });
        const woken = await pair.copyOf('cronjobs', 'nightly');
        expect(woken).toMatchObject({ spec: { suspend: false } });
        // It is told, or finds out, and what is still written on the old primary goes nowhere.
        expect((await running.ended).code).toBe(3);
        isOver = true;
        await writing;
        for (const kube of [pair.from, pair.to]) {
          const name = `nsreplicate-${task}-epoch`;
          const epoch = await kube.find(configMaps, { namespace: stateNamespace, name });
          expect(epoch?.data?.number).toBe('1');
        }
        const logs = { home: told(home.audited(), namespace), standby: told(standby.audited(), namespace) };
        const firstWoken = logs.standby.woken[0]?.requestReceivedTimestamp ?? '';
        expect(firstWoken).not.toBe('');
        expect(logs.standby.copied.length).toBeGreaterThan(1);
        for (const side of sides)
          expect(logs[side].copied.filter(({ stageTimestamp }) => stageTimestamp >= firstWoken)).toEqual([]);
        return { over, wasCut };
      } finally {
        isOver = true;
        for (const side of sides) lines[side].mend();
        await pair.close();
      }
    }

    test('whose line is cut at each step is taken up by the same command, and nobody of an older epoch writes after it', async () => {
      const { over } = await promoteThrough();
      for (const side of sides) {
        const all = over[side];
        expect(all).toBeGreaterThan(5);
        const points = Array.from({ length: CUTS }, (_, index) => Math.ceil(((index + 0.5) * all) / CUTS));
        let cuts = 0;
        for (const after of points) if ((await promoteThrough({ side, after })).wasCut) cuts++;
        // Not every promotion sends as many pieces: the last points may lie behind its end.
        expect(cuts).toBeGreaterThan(CUTS / 2);
      }
    });
  },
  { auditRules },
);
