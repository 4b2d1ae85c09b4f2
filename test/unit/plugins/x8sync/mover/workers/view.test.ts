/** Whether a worker is there, by its signs of life and the mover's own clock. */
import { expect, test } from '@jest/globals';
import type { WorkerState } from '../../../../../../plugins/x8sync/mover/workers/messages.ts';
import { WorkerView } from '../../../../../../plugins/x8sync/mover/workers/view.ts';

const state: WorkerState = {
  ...{ run: 'a', id: 'w', name: 'pod-0', beat: 1, isLeaving: false },
  ...{ works: [{ list: 1, bytes: 5 }], done: [] },
};

test('it is there from its first sign on, and gone after a time without any', () => {
  const view = new WorkerView('a', 1000);
  expect(view.look(undefined, 0)).toEqual({ came: false, isAnother: false });
  expect(view.isThere).toBe(false);
  expect(view.look(state, 500)).toMatchObject({ came: true, isAnother: false });
  expect(view).toMatchObject({ isThere: true, id: 'w', name: 'pod-0', works: state.works });
  expect(view.look(state, 1499)).toEqual({ came: false, isAnother: false });
  expect(view.look(state, 1500)).toMatchObject({ went: 'it has given no sign for 1 s' });
  expect(view.isThere).toBe(false);
  // Once is enough.
  expect(view.look(state, 9000)).toEqual({ came: false, isAnother: false });
});

test('what can not be read right now is no sign, and does no harm before its time', () => {
  const view = new WorkerView('a', 1000);
  view.look(state, 0);
  expect(view.look(undefined, 900)).toEqual({ came: false, isAnother: false });
  expect(view.isThere).toBe(true);
  expect(view.look({ ...state, beat: 2 }, 950).went).toBeUndefined();
  expect(view.look(undefined, 1900).went).toBeUndefined();
  expect(view.look(undefined, 1950).went).toBeDefined();
});

test('one that gives a sign again takes part again', () => {
  const view = new WorkerView('a', 1000);
  view.look(state, 0);
  view.look(state, 1000);
  expect(view.look({ ...state, beat: 2 }, 5000)).toMatchObject({ came: true, isAnother: false });
  expect(view.isThere).toBe(true);
});

test('a process in its place is another one', () => {
  const view = new WorkerView('a', 1000);
  view.look(state, 0);
  const seen = view.look({ ...state, id: 'x', beat: 1, works: [] }, 10);
  expect(seen).toMatchObject({ came: true, isAnother: true });
  expect(view).toMatchObject({ id: 'x', works: [] });
});

test('one that says that it ends is gone at once', () => {
  const view = new WorkerView('a', 1000);
  view.look(state, 0);
  expect(view.look({ ...state, beat: 2, isLeaving: true }, 10).went).toBe('it was asked to end');
  expect(view.isThere).toBe(false);
});

test('what it says of another run of the mover means nothing', () => {
  const view = new WorkerView('b', 1000);
  expect(view.look(state, 0)).toEqual({ came: false, isAnother: false });
  expect(view.isThere).toBe(false);
});
