import { expect, test } from '@jest/globals';
import { eventOf, eventText, News } from '../../../../../../plugins/devsync/commands/output/sync-event.ts';
import { noRunnerState } from '../../../../../../plugins/devsync/session/runner/runner-state.ts';

const web = { name: 'web', namespace: 'shop' };
const stopped = { state: 'not running', message: '' };

test('a line holds what editors and status bars need, and no control characters', () => {
  const state = {
    ...noRunnerState,
    phase: 'watching' as const,
    files: 3,
    conflictCount: 2,
    pod: 'web-0',
    message: 'a\u001b[2J',
  };
  const event = eventOf(web, state, stopped);
  expect(event).toEqual({
    event: 'STATE',
    name: 'web',
    namespace: 'shop',
    state: 'watching',
    message: 'a [2J',
    pod: 'web-0',
    container: '',
    files: 3,
    conflicts: 2,
    problems: 0,
    failedReloads: 0,
    lastChange: null,
  });
  expect(eventText(event)).toBe('web: watching, 3 files, 2 conflicts, a [2J');
  expect(eventText(eventOf(web, undefined, stopped))).toBe('web: not running');
});

test('only what is new is told, and what is gone once', () => {
  const news = new News();
  const event = eventOf(web, undefined, stopped);
  expect(news.of([event])).toEqual([event]);
  expect(news.of([event])).toEqual([]);
  const running = eventOf(web, noRunnerState, stopped);
  expect(news.of([running])).toEqual([running]);
  expect(news.of([])).toEqual([{ ...running, event: 'DELETED' }]);
  expect(news.of([])).toEqual([]);
});
