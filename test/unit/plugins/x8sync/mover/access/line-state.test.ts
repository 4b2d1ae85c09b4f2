/** When a mover says that nothing leads to its source any more. */
import { expect, test } from '@jest/globals';
import { LineState } from '../../../../../../plugins/x8sync/mover/access/line-state.ts';

function lineState() {
  const said: string[] = [];
  const write = (word: string, message: object) => void said.push(`${word} ${Object.values(message).join()}`);
  const clock = { now: () => new Date('2026-01-02T03:04:05.678Z') };
  return { line: new LineState({ write }, clock), said };
}
const lost = 'disconnected 2026-01-02T03:04:05Z';

test('one connection: once when it is lost, once when it is there again', () => {
  const { line, said } = lineState();
  line.opened(0, 'a:1');
  line.lost(0);
  line.lost(0);
  line.opened(0, 'b:1');
  line.opened(0, 'b:1');
  expect(said).toEqual([lost, 'connected b:1']);
});

test('streams: when the last of them is lost, whatever becomes of the one that stands idle', () => {
  const { line, said } = lineState();
  line.opened(0, 'a:1');
  line.opened(1, 'a:1');
  line.opened(2, 'a:1');
  line.lost(1);
  expect(said).toEqual([]);
  line.lost(2);
  expect(said).toEqual([lost]);
  line.opened(1, 'a:1');
  line.closed(2);
  line.closed(1);
  expect(said).toEqual([lost, 'connected a:1']);
});

test('streams that end while they are lost leave it to the one that goes on', () => {
  const { line, said } = lineState();
  line.opened(0, 'a:1');
  line.opened(1, 'b:1');
  line.lost(1);
  line.closed(1);
  expect(said).toEqual([lost, 'connected a:1']);
});
