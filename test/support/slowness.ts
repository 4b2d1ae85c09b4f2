/** How slow this machine is: limits of tests are so many times as long. */
import { spawnSync } from 'node:child_process';

const name = 'X8S_TEST_SLOWNESS';

/**
 * How many times as long as usual this machine takes to start Node.js and to end it, which usually takes 30 ms; from 1 to
 * 3. It is measured once, before anything else is at work, and told to all processes that this one starts. Limits are
 * there for what never comes, and no test asserts seconds.
 */
export function slowness(): number {
  process.env[name] ??= measured().toFixed(1);
  return Number(process.env[name]);
}

function measured(): number {
  const once = () => {
    const since = performance.now();
    spawnSync(process.execPath, ['--eval', '0']);
    return performance.now() - since;
  };
  const startMs = Math.min(...Array.from({ length: 7 }, once));
  return Math.min(3, Math.max(1, startMs / 30));
}
