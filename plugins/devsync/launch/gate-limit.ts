/** Whether the program of a container may be held back as it starts, and for how long. Pure. */
import type { Pod } from '../../../src/kube/api/objects.ts';
import { containerOf } from './containers.ts';
import { Declined } from './launcher.ts';

/** Seconds that are enough for most first syncs, and that a caller of the program may wait for. */
const usual = 30;
/** Seconds that a kubelet may be early, and that a program wants for its start before it is asked whether it lives. */
const spare = 2;
/** With less, there is no time for a sync. */
const least = 4;

/** The fields of a probe, with what they are where absent (core/v1 Probe). */
interface Probe {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

/** Seconds. @throws {Declined} it may not be held back, with the reason */
export function gateSeconds({
  pod,
  container: name,
}: {
  readonly pod: Pod;
  readonly container: string;
}): number {
  const { shareProcessNamespace, hostPID } = pod.spec;
  if (shareProcessNamespace === true || hostPID === true)
    throw new Declined(
      'its processes are not in a namespace of their own, which tells its program from others',
    );
  const { lifecycle, startupProbe, livenessProbe } = containerOf(pod, name) ?? { name };
  // The kubelet tells of a container only after it.
  if ((lifecycle as { postStart?: object } | undefined)?.postStart !== undefined)
    throw new Declined('it has a postStart hook, which may wait for the program');
  const probe = (startupProbe ?? livenessProbe) as Probe | undefined;
  if (probe === undefined) return usual;
  const seconds = Math.min(usual, untilKilled(probe) - spare);
  if (seconds >= least) return seconds;
  const which = startupProbe === undefined ? 'liveness' : 'startup';
  throw new Declined(`its ${which} probe would end it after ${untilKilled(probe)} s`);
}

/** The least seconds from a container's start to its end, where each answer to a probe is a failure. */
const untilKilled = ({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: Probe): number =>
  initialDelaySeconds + (failureThreshold - 1) * periodSeconds;
