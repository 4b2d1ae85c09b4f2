import { expect, test } from '@jest/globals';
import type { Brake } from '../../../../../../plugins/devsync/reconcile/brakes.ts';
import { Confirmations } from '../../../../../../plugins/devsync/session/ancestor/confirmations.ts';

const emptied: Brake = { kind: 'root emptied', side: 'alpha' };

test('what a person confirmed holds until it was done, and for this place alone', () => {
  const one = new Confirmations();
  one.begin('here');
  one.confirm();
  expect(one.confirmed).toEqual([]);
  one.hold(emptied);
  one.begin('here');
  one.confirm();
  one.confirm();
  expect(one.confirmed).toEqual([emptied]);
  one.begin('elsewhere');
  expect([one.brake, one.confirmed]).toEqual([undefined, []]);
  one.confirm();
  expect(one.confirmed).toEqual([]);
  one.hold(emptied);
  one.confirm();
  one.letGo();
  expect([one.brake, one.confirmed]).toEqual([undefined, []]);
});
