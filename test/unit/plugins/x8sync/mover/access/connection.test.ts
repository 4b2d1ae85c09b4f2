/** What runs over a connection is run again where the connection broke. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Connection } from '../../../../../../plugins/x8sync/mover/access/connection.ts';
import { Unreachable } from '../../../../../../plugins/x8sync/mover/access/exit.ts';
import { readCopyOptions } from '../../../../../../plugins/x8sync/mover/protocol/options.ts';
import { hastyClock } from '../../../../support/fake-clock.ts';
import { type Stage, stage } from '../../../../support/mover-stage.ts';

/** ssh's own exit code. */
const broken = { code: 255 };

let scene: Stage;
beforeEach(() => {
  scene = stage();
});
afterEach(() => scene[Symbol.dispose]());

/** A connection that finds its source at once, or not at all. */
class FakeConnection extends Connection {
  opened = 0;
  isReachable = true;

  override async open(): Promise<void> {
    if (!this.isReachable) throw new Unreachable('nobody answers');
    this.opened += 1;
  }
}

const connect = (retries: number) => {
  const options = { ...readCopyOptions({ X8S_MODE: 'merge' }), retries };
  return new FakeConnection(options, { ...scene.runtime, clock: hastyClock() });
};

test('each attempt after a broken one has a new connection', async () => {
  const connection = connect(5);
  const results = [broken, broken, { code: 0 }];
  expect(await connection.persist(async () => results.shift() ?? broken)).toEqual({ code: 0 });
  expect(connection.opened).toBe(2);
  expect(scene.said).toEqual(Array(2).fill(expect.stringContaining('code 255')));
});

test('the last attempt tells how it broke', async () => {
  const connection = connect(3);
  let attempts = 0;
  const result = await connection.persist(async () => {
    attempts += 1;
    return broken;
  });
  expect([result, attempts, connection.opened]).toEqual([broken, 3, 2]);
});

test('a failure that is not of the connection is not tried again', async () => {
  const connection = connect(3);
  expect(await connection.persist(async () => ({ code: 1 }))).toEqual({ code: 1 });
  expect(connection.opened).toBe(0);
});

test('a source that is not reached any more ends the attempts', async () => {
  const connection = connect(3);
  connection.isReachable = false;
  await expect(connection.persist(async () => broken)).rejects.toThrow(Unreachable);
});
