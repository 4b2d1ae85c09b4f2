/**
 * The relay on this workstation: for each connection of the mover's it joins a port-forward to the target's pod with one
 * to the source's sshd. What passes is SSH between the two pods, and nothing here decrypts it.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import { portForward } from '../../../src/kube/streams/portforward.ts';
import { relayOpened, relayPorts } from '../mover/protocol/relay.ts';
import { sshPort } from '../objects/manifests/service.ts';
import type { TaskSide } from '../objects/sides.ts';

export interface RelayContext {
  /** Opens a connection to the source's sshd. */
  readonly dialSource: (signal: AbortSignal) => Promise<Duplex>;
  /** Opens one to the relay's port in a pod of the mover. */
  readonly dialMover: (pod: string, signal: AbortSignal) => Promise<Duplex>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with what went wrong. */
  readonly onTrouble: (text: string) => void;
}

/** The two ends of a relay by port-forward, through the API servers. */
export function portForwards(
  source: TaskSide,
  target: TaskSide,
): Pick<RelayContext, 'dialSource' | 'dialMover'> {
  const dial = ({ kube, namespace }: TaskSide, pod: string, port: number, signal: AbortSignal) =>
    portForward(kube, { namespace, pod, port, signal });
  return {
    dialSource: (signal) => dial(source, `${source.name}-0`, sshPort, signal),
    dialMover: (pod, signal) => dial(target, pod, relayPorts.plugin, signal),
  };
}

/** Waits between attempts to bring a stream: an API server may be away for a while. */
const [shortestWaitMs, longestWaitMs] = [250, 5000];

export class Relay {
  readonly #context: RelayContext;
  #pod: AbortController | undefined;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /**
   * Serves this pod of the mover from now on, and no other one, until the signal ends it.
   *
   * @throws ApiError where port-forwards are not allowed on one of the sides.
   */
  async serve(pod: string): Promise<void> {
    this.#pod?.abort(new Error('another pod has taken its place'));
    this.#pod = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, this.#pod.signal]);
    // Whether it is allowed is known before anyone waits for it.
    const [first] = await Promise.all([this.#context.dialMover(pod, signal), this.#trySource(signal)]);
    void this.#keepServing(pod, first, signal);
  }

  async #trySource(signal: AbortSignal): Promise<void> {
    (await this.#context.dialSource(signal)).destroy();
  }

  /** One stream always waits in the pod to be taken. Never rejects. */
  async #keepServing(pod: string, first: Duplex, signal: AbortSignal): Promise<void> {
    const { dialMover, clock, onTrouble } = this.#context;
    let waitMs = shortestWaitMs;
    for (let stream: Duplex | undefined = first; !signal.aborted; stream = undefined) {
      try {
        stream ??= await dialMover(pod, signal);
        if (await isOpened(stream, signal)) {
          void this.#join(stream, signal);
          waitMs = shortestWaitMs;
          continue;
        }
      } catch (error) {
        if (signal.aborted) return;
        onTrouble(`relay: ${messageOf(error)}`);
      }
      await clock.sleep(waitMs, signal).catch(() => {});
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    }
  }

  /** Joins a stream that is in use with a new connection to the source. Never rejects. */
  async #join(stream: Duplex, signal: AbortSignal): Promise<void> {
    try {
      const source = await this.#context.dialSource(signal);
      join(stream, source, signal);
    } catch (error) {
      stream.destroy();
      if (!signal.aborted) this.#context.onTrouble(`relay: ${messageOf(error)}`);
    }
  }
}

/** A stream that ended before anybody listened to it tells nobody any more. */
const isGone = (stream: Duplex): boolean => stream.destroyed || stream.readableEnded;

/** Resolves with whether the mover's side has taken the stream; its data is left in it. */
function isOpened(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  if (isGone(stream)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const decide = (isTaken: boolean) => {
      stream.off('readable', look).off('end', fail).off('close', fail);
      signal.removeEventListener('abort', fail);
      if (!isTaken) stream.destroy();
      resolve(isTaken);
    };
    const fail = () => decide(false);
    const look = () => {
      const byte = stream.read(1) as Buffer | null;
      if (byte) decide(byte[0] === relayOpened);
    };
    stream.on('readable', look).once('end', fail).once('close', fail);
    signal.addEventListener('abort', fail, { once: true });
  });
}

/** Whichever ends first takes the other along: neither can end one direction alone. */
function join(one: Duplex, other: Duplex, signal: AbortSignal): void {
  const end = () => {
    signal.removeEventListener('abort', end);
    one.destroy();
    other.destroy();
  };
  one.once('end', end).once('close', end);
  other.once('end', end).once('close', end);
  signal.addEventListener('abort', end, { once: true });
  // One may have gone while the other was dialled.
  if (isGone(one) || isGone(other) || signal.aborted) end();
  else one.pipe(other).pipe(one);
}
