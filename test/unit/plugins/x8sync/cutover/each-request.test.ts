/** A fault at each request from the stop on: what stands still is started again, or named with how to start it. */
import { expect, test } from '@jest/globals';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import {
  beginProcess,
  counts,
  cutOff,
  cutOffBeforeStart,
  hurry,
  interrupt,
  kube,
  openShop,
  reconnect,
  replicas,
  reporter,
  run,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

const faults = {
  'an error of the server': () => {
    throw apiError(500, 'trouble', 'InternalError');
  },
  'missing rights': () => {
    throw apiError(403, 'no', 'Forbidden');
  },
  'Ctrl-C': interrupt,
};

interface Seen {
  request: string | undefined;
}

/**
 * Has one request fail, the one of this number since the stop, or since an earlier run's record was read.
 *
 * @returns what it was; undefined where there are not so many.
 */
function failing(number: number, fault: () => unknown): Seen {
  const seen: Seen = { request: undefined };
  let [isStill, count] = [false, 0];
  const patch = kube.patch.bind(kube);
  kube.patch = async (resource, ref, change, options) => {
    if (!options.dryRun) isStill = true;
    return patch(resource, ref, change, options);
  };
  kube.before = ({ verb, collection, name = '' }) => {
    if (isStill && count++ === number) {
      seen.request = `${verb} ${collection} ${name}`;
      fault();
    }
  };
  kube.after = async ({ verb, name = '' }) => {
    if (verb === 'get' && name.endsWith('-cutover') && (await counts()).web === 0) isStill = true;
  };
  return seen;
}

const start = new RegExp(`(scale|patch) deployment/web .*replicas"?[=:]${replicas}`);

/** Undefined where nobody is left alone with a workload that stands still. */
async function silence(error: unknown): Promise<object | undefined> {
  const { message, details = [], hint = '' } = error as Partial<RefusedWords>;
  const said = [...reporter.warnings, message, ...details, hint].join('\n');
  const now = await counts();
  const isAsBefore = now.web === replicas && now.next === 0;
  return isAsBefore || start.test(said) || /with the new claim|with claim new/.test(said)
    ? undefined
    : { ...now, said };
}

interface RefusedWords {
  readonly message: string;
  readonly details: readonly string[];
  readonly hint: string;
}

type Kind = keyof typeof faults;

/** Requests at which a fault leaves somebody alone. */
async function silentAt(kind: Kind, then: Then, prepare: () => Promise<unknown>): Promise<object[]> {
  const silent: object[] = [];
  for (let number = 0; ; number++) {
    await openShop();
    hurry();
    await prepare();
    beginProcess();
    const seen = failing(number, faults[kind]);
    const error: unknown = await run(undefined, then).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    kube.before = () => undefined;
    kube.after = () => undefined;
    if (seen.request === undefined) return silent;
    const found = error === undefined ? undefined : await silence(error);
    if (found) silent.push({ ...seen, ...found });
  }
}

test.each([
  ['target', 'an error of the server'],
  ['target', 'missing rights'],
  ['target', 'Ctrl-C'],
  ['nothing', 'an error of the server'],
  ['nothing', 'Ctrl-C'],
  ['repoint', 'an error of the server'],
  ['repoint', 'Ctrl-C'],
] as const)(
  'with --then %s, and %s',
  async (then, kind) => expect(await silentAt(kind, then, async () => {})).toEqual([]),
  60_000,
);

test.each([
  ['an error of the server', 'stopping'],
  ['an error of the server', 'starting'],
  ['Ctrl-C', 'stopping'],
  ['Ctrl-C', 'starting'],
] as const)(
  'with %s, where an earlier run was cut off while %s',
  async (kind, phase) => {
    const earlier = async () => {
      if (phase === 'starting') cutOffBeforeStart();
      await run(phase === 'stopping' ? cutOff : undefined).catch(() => {});
      reconnect();
    };
    expect(await silentAt(kind, 'target', earlier)).toEqual([]);
  },
  60_000,
);
