/** `npm run lab -- COMMAND`: two real Kubernetes clusters on this machine. */
import { kubeconfigPath } from './config.ts';
import { purgeCache, takeDown } from './down.ts';
import { locked } from './lock.ts';
import { say, seconds } from './report.ts';
import { bringLabUp } from './up.ts';

const commands: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  up: () => locked(bringLabUp),
  down: (args) =>
    locked(async () => {
      await takeDown();
      if (args.includes('--purge')) purgeCache();
      say(`down (${seconds()})`);
    }),
  kubeconfig: async () => {
    process.stdout.write(`${kubeconfigPath}\n`);
  },
};

const [name = 'help', ...args] = process.argv.slice(2);
const command = commands[name];
try {
  if (!command) throw new Error(`no command ${name}`);
  await command(args);
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
