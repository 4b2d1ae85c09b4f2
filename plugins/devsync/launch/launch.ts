/** Starts an agent for a container by the first launcher that works, and keeps why the others did not. */
import { ForbiddenError, X8sError } from '../../../src/errors.ts';
import { isDenied } from '../../../src/kube/api/api-error.ts';
import type { LauncherName } from '../spec/spec.ts';
import { isBeside, launchBeside } from './ephemeral.ts';
import { launchByExec } from './exec.ts';
import { Declined, ExecDeclined, type LaunchContext, type Launched } from './launcher.ts';
import { launchFromNode } from './node-agent.ts';

const launcherFunctions = {
  exec: launchByExec,
  ephemeral: launchBeside,
  'node-agent': launchFromNode,
} as const;

export interface Refusal {
  readonly launcher: string;
  readonly reason: string;
}

type Launcher = keyof typeof launcherFunctions;
/** In the order in which they are tried. */
const all: readonly Launcher[] = ['exec', 'ephemeral', 'node-agent'];
/** Where one beside the container runs already: the container itself was tried before, in vain. */
const besideFirst: readonly Launcher[] = ['ephemeral', 'exec', 'node-agent'];

/** Rejects with every refusal where no launcher works. */
export async function launch(
  name: LauncherName,
  context: LaunchContext,
): Promise<Launched & { refusals: Refusal[] }> {
  if (name !== 'auto') return await tryLaunchers([name], context);
  return await tryLaunchers(isBeside(context) ? besideFirst : all, context);
}

/** As `launch`, but in the usual order whatever is there, so that each refusal is reported. */
export const launchAnew = (context: LaunchContext) => tryLaunchers(all, context);

async function tryLaunchers(
  order: readonly Launcher[],
  context: LaunchContext,
): Promise<Launched & { refusals: Refusal[] }> {
  const declined = new Map<Launcher, Declined>();
  for (const way of order) {
    const before = declined.get('exec');
    try {
      if (way === 'ephemeral' && before instanceof ExecDeclined) throw withoutExec(before);
      return { ...(await launcherFunctions[way](context)), refusals: refusalsOf(declined) };
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      declined.set(way, error);
    }
  }
  throw noneWorks(context, declined);
}

/** A container beside it would be in vain, and would stay until the pod goes. */
const withoutExec = ({ cause }: Declined) =>
  new Declined('an agent beside the container is started by an exec, too', { cause });

const refusalsOf = (declined: ReadonlyMap<Launcher, Declined>): Refusal[] =>
  [...declined].map(([launcher, { message }]) => ({ launcher, reason: message }));

function noneWorks({ target }: LaunchContext, declined: ReadonlyMap<Launcher, Declined>): X8sError {
  const lacksRights = [...declined.values()].every(({ cause }) => isDenied(cause));
  const Kind = lacksRights ? ForbiddenError : X8sError;
  const { pod, container } = target;
  return new Kind(`no agent can be started for container ${container} of pod ${pod.metadata.name}`, {
    details: refusalsOf(declined).map(({ launcher, reason }) => `${launcher}: ${reason}`),
    hint: 'kubectl devsync doctor says more.',
  });
}
