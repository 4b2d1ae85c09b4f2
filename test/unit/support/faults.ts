/** A fault at one request of many, of each kind that networks and processes have. */
import type { FakeCall } from './fake-kube.ts';
import { cut, type Fault, type Side } from './promotion-at-work.ts';

export const toBoth = () => true;

const forever = () => new Promise<never>(() => undefined);

/**
 * A fault at one of the requests, counted over the lines that it concerns.
 * @param kind `fails`, `loses its answer`, `is the last before the line is cut`, `ends the process`
 */
export function faultAt(index: number, kind: string, on: (side: Side) => boolean): Fault {
  let count = 0;
  let target: FakeCall | undefined;
  /** From then on nothing comes through, or nobody asks any more. */
  let isOver = false;
  const endsProcess = kind === 'ends the process';
  const whatFollows = (side: Side): undefined | Promise<never> => {
    if (isOver && endsProcess) return forever();
    return isOver && on(side) ? cut() : undefined;
  };
  return {
    before: (side, call) => {
      if (on(side) && count++ === index) target = call;
      if (call === target && kind === 'fails') cut();
      return whatFollows(side);
    },
    after: (side, call) => {
      if (call !== target) return whatFollows(side);
      if (kind === 'loses its answer') cut();
      isOver = true;
      return whatFollows(side);
    },
  };
}
