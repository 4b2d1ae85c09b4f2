/** Two replicas compared again with nothing changed, beside bare paged lists of all three servers. */
import { configMaps } from '../../src/kube/api/resources.ts';
import { each } from '../cluster/support/replication.ts';
import { type Measurement, percentile } from './measurement.ts';
import { memoryMiB, startNsreplicate } from './nsreplicate-process.ts';
import { bareLists, makePlaces, object, onServers, secondsOf } from './nsreplicate-servers.ts';

const MANY = 20_000;
const NAMESPACES = 20;
const ROUNDS = 3;
const LOOK_MS = 50;

export function measureUnchanged(many = MANY, rounds = ROUNDS): Promise<Measurement[]> {
  return onServers(async (sides, [from = '', one = '', two = '']) => {
    const places = await makePlaces(sides, 'same', NAMESPACES, []);
    // Every second one of these objects is a Secret.
    const objects = Array.from({ length: many }, (_, index) =>
      object(places[index % NAMESPACES] ?? '', index * 2),
    );
    await each(objects, 32, (created) => sides.primary.kube.create(configMaps, created));
    const task = ['--primary', from, '--replica', one, '--replica', two, '--name', 'same'];
    const again = () => compare([...task, '--sync-namespaces', 'same-*', '--kinds', 'configmaps', '--once']);
    await again();
    const bare: number[] = [];
    const ours: Awaited<ReturnType<typeof again>>[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await secondsOf(() => bareLists(sides, [configMaps])));
      ours.push(await again());
    }
    const ratios = ours.map((run, index) => run.seconds / (bare[index] ?? Number.NaN));
    return [
      { name: `bare paged lists of ${many} ConfigMaps on three servers`, unit: 's', samples: bare },
      { name: '--once again, nothing changed', unit: 's', samples: ours.map((run) => run.seconds) },
      {
        name: '--once again by the bare lists, run by run',
        unit: '×',
        samples: ratios,
        limit: { atMost: 2 },
      },
      {
        name: 'most memory of --once again',
        unit: 'MiB',
        samples: [
          percentile(
            ours.map((run) => run.mib),
            100,
          ),
        ],
        limit: { atMost: 300 },
      },
    ];
  });
}

/** One comparison in a process of its own: how long it took, its start among that, and the most that was resident. */
async function compare(args: readonly string[]): Promise<{ seconds: number; mib: number }> {
  const running = startNsreplicate(args);
  let mib = 0;
  const looking = setInterval(() => {
    if (running.child.exitCode === null) mib = Math.max(mib, memoryMiB(running.child.pid, 'VmHWM'));
  }, LOOK_MS);
  const took = await secondsOf(() => running.ended);
  clearInterval(looking);
  const { code, stderr } = await running.ended;
  if (code !== 0) throw new Error(`--once ended with ${code}:\n${stderr}`);
  return { seconds: took, mib };
}
