/** devsync over a line with a round trip of 80 ms: saves, and a branch switch at 20 Mbit/s. */
import { packagePlugins } from '../../scripts/package.ts';
import { must } from '../cluster/support/process.ts';
import { ensureUp, LabWorkstation } from '../lab/index.ts';
import { Bench } from './devsync-place.ts';
import { startProgram } from './devsync-rest.ts';
import { branchSwitch, makeBranches, saveMany } from './devsync-saves.ts';
import { type Measurement, median } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 3);
/** Each way, in milliseconds. */
const delay = 40;
const rate = '20mbit';
/** Of each file, in bytes: 3,000 of them take 2.4 s at that rate, however they are sent. */
const size = 2000;
const saves = 100;

export async function measureFar(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  const bench = await Bench.open();
  const desk = await LabWorkstation.make();
  try {
    return await measureFrom(desk, bench);
  } finally {
    await bench.close();
    await desk.remove();
  }
}

async function measureFrom(desk: LabWorkstation, bench: Bench): Promise<Measurement[]> {
  bench.fill({ size });
  makeBranches(bench.local, size);
  const remote = await bench.pod('far');
  await desk.far({ delay });
  const trips = await roundTrips(desk, bench.kube.cluster.server);
  const program = await startProgram(bench, 'far', desk.under);
  try {
    const up = await saveMany(bench.local, remote, saves);
    const down = await saveMany(remote, bench.local, saves);
    await desk.far({ delay, rate });
    const branch: number[] = [];
    for (let run = 0; run < runs; run++)
      branch.push(await branchSwitch(bench.local, remote, run % 2 === 0 ? 'two' : 'one'));
    const baseline = 'a round trip, measured';
    const limit = { atMost: median(trips) + 30 };
    return [
      { name: baseline, unit: 'ms', samples: trips, limit: { atLeast: 2 * delay } },
      { name: 'a save over 80 ms, up, median', unit: 'ms', samples: up, baseline, limit },
      { name: 'a save over 80 ms, down, median', unit: 'ms', samples: down, baseline, limit },
      { name: 'branch switch, 3,000 files, 20 Mbit/s', unit: 's', samples: branch, limit: { atMost: 4 } },
    ];
  } finally {
    program.child.kill('SIGINT');
    await program.ended;
  }
}

/** Milliseconds of questions to the API server and their answers, one after the other on one connection. */
async function roundTrips(desk: LabWorkstation, server: string): Promise<number[]> {
  const { hostname, port } = new URL(server);
  const program = `const { once } = require('node:events');
    const line = require('node:tls').connect({ host: '${hostname}', port: ${port}, rejectUnauthorized: false });
    (async () => {
      await once(line, 'secureConnect');
      for (let trip = 0; trip < 11; trip++) {
        const begun = performance.now();
        line.write('GET /livez HTTP/1.1\\r\\nHost: lab\\r\\n\\r\\n');
        await once(line, 'data');
        console.log(performance.now() - begun);
      }
      line.destroy();
    })();`;
  const [command = '', ...under] = desk.under;
  const said = await must(command, [...under, process.execPath, '-e', program]);
  return said.trim().split('\n').map(Number);
}
