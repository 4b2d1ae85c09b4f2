import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AncestorStore } from '../../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';
import { UnansweredOperations } from '../../../../../../plugins/devsync/session/ancestor/unanswered-operations.ts';
import { Synchronizer } from '../../../../../../plugins/devsync/session/cycle/synchronizer.ts';
import type { Endpoint, KeepingEndpoint } from '../../../../../../plugins/devsync/sync/endpoint.ts';
import {
  optionsFor as commonOptions,
  directory,
  fakeFullEndpoint,
  version,
} from '../../support/fake-endpoints.ts';

let folder: string;
let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
  folder = mkdtempSync(join(tmpdir(), 'devsync-unanswered-'));
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const optionsFor = (local: KeepingEndpoint, container: Endpoint, ancestor: AncestorStore) =>
  commonOptions(local, container, ancestor, stop.signal);

describe('a stream that breaks before the answer', () => {
  let ancestor: AncestorStore;
  let unanswered: UnansweredOperations;
  beforeEach(() => {
    ancestor = new AncestorStore(folder);
    ancestor.begin('here', directory({ file: version('0') }));
    unanswered = new UnansweredOperations();
    unanswered.begin('here');
  });

  /** A container with this version, which takes whatever is sent to it. */
  function willing(digit: string) {
    const container = fakeFullEndpoint(directory({ file: version(digit) }));
    container.apply = async (operations) => {
      Object.assign(container, { tree: directory({ file: version('2') }) });
      return operations.map(({ path }) => ({ path }));
    };
    return container;
  }

  /** Sends version 1 to a container that cannot say what became of it. */
  async function loseOne(): Promise<void> {
    const lost = fakeFullEndpoint(directory({ file: version('0') }));
    lost.apply = () => Promise.reject(new Error('the stream ended'));
    const local = fakeFullEndpoint(directory({ file: version('1') }));
    const first = new Synchronizer({ ...optionsFor(local, lost, ancestor), unanswered });
    await expect(first.flush()).rejects.toThrow('the stream ended');
  }

  /** The file is edited once more here, then both sides are brought together. Returns the paths in conflict. */
  async function conflictsWith(
    container: Endpoint,
    known: { unanswered?: UnansweredOperations } = { unanswered },
  ) {
    unanswered.begin('here');
    const local = fakeFullEndpoint(directory({ file: version('2') }));
    const next = new Synchronizer({ ...optionsFor(local, container, ancestor), ...known });
    return (await next.flush()).conflicts.map(({ path }) => path);
  }

  test('is no conflict where the container has what was sent to it', async () => {
    await loseOne();
    expect(await conflictsWith(willing('1'), {})).toEqual(['file']);
    expect(await conflictsWith(willing('1'))).toEqual([]);
  });

  test('is none either where the old agent does it behind the back of the new one', async () => {
    await loseOne();
    const container = willing('0');
    const { apply } = container;
    container.apply = async (operations) => {
      container.apply = apply;
      Object.assign(container, { tree: directory({ file: version('1') }) });
      return operations.map(({ path }) => ({ path, problem: 'it has changed meanwhile' }));
    };
    expect(await conflictsWith(container)).toEqual([]);
    expect(container.tree).toEqual(directory({ file: version('2') }));
  });

  test('leaves a conflict where the container has something else, or is another one', async () => {
    await loseOne();
    expect(await conflictsWith(willing('3'))).toEqual(['file']);
    unanswered.begin('there');
    expect(unanswered.done(directory({ file: version('1') }), undefined)).toEqual([]);
  });

  test('has no meaning a minute after the next one was begun: somebody else has made what is found then', async () => {
    await loseOne();
    const found = directory({ file: version('1') });
    unanswered.begin('here', 1000);
    expect(unanswered.done(found, ancestor.tree, 61_001)).toEqual([]);
    expect(unanswered.done(found, ancestor.tree, 1000)).toEqual([]);
  });

  test('takes nothing back of what is known of a directory by now', () => {
    unanswered.sent([{ path: 'new', old: undefined, new: { kind: 'directory', children: new Map() } }]);
    unanswered.begin('here');
    const tree = directory({ new: directory({ file: version('1') }) });
    expect(unanswered.done(tree, tree)).toEqual([]);
  });
});
