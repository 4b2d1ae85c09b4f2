import { describe, expect, test } from '@jest/globals';
import { createReporter, type ReporterOptions } from '../../../../src/ui/create-reporter.ts';
import type { CollectingReporter, Step, StepHandle } from '../../../../src/ui/reporter.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock, settle } from '../../support/fake-clock.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

const step = (title: string, run: Step['run'] = async () => {}): Step => ({ title, run });

function reporter(changes: Partial<ReporterOptions> = {}) {
  const terminal = new FakeTerminal({ isTTY: true, columns: 60 });
  const clock = fakeClock('2026-01-01T12:03:04');
  const options = { stream: terminal.stream, live: false, color: false, verbose: false, quiet: false, clock };
  return { terminal, clock, reporter: createReporter({ ...options, ...changes }) };
}

const kinds: [string, Partial<ReporterOptions>][] = [
  ['live', { live: true }],
  ['plain', {}],
  ['silent', { quiet: true }],
];

describe.each(kinds)('a %s reporter', (_, options) => {
  test('runs steps in order and groups side by side', async () => {
    const order: string[] = [];
    const ended = Promise.withResolvers<void>();
    const note = (name: string, work: () => unknown = settle) =>
      step(name, async () => {
        order.push(`${name} begins`);
        await work();
        order.push(`${name} ends`);
      });
    await reporter(options).reporter.run([
      note('a'),
      {
        concurrent: [
          note('b', () => ended.promise.then(settle)),
          note('c', () => settle().then(ended.resolve)),
        ],
      },
      note('d'),
    ]);
    expect(order).toEqual([
      'a begins',
      'a ends',
      'b begins',
      'c begins',
      'c ends',
      'b ends',
      'd begins',
      'd ends',
    ]);
  });

  test('rejects with the first failure, once every step that had begun has settled', async () => {
    let settled = false;
    let begunAfter = false;
    const first = new Error('first');
    const run = reporter(options).reporter.run([
      {
        concurrent: [
          step('slow', async () => {
            // Until the other one has failed, and all that follows from that was done.
            await settle();
            settled = true;
            throw new Error('second');
          }),
          step('fast', () => Promise.reject(first)),
        ],
      },
      step('after', async () => {
        begunAfter = true;
      }),
    ]);
    await expect(run).rejects.toBe(first);
    expect({ settled, begunAfter }).toEqual({ settled: true, begunAfter: false });
  });

  test('remembers warnings, each once, of steps too', async () => {
    const { reporter: told } = reporter(options);
    told.warn('one');
    await told.run([step('s', async ({ warn }) => warn('two'))]);
    told.warn('one');
    expect(told.warnings).toEqual(['one', 'two']);
  });

  test('can run again', async () => {
    const { reporter: told } = reporter(options);
    let runs = 0;
    const count = step('s', async () => {
      runs += 1;
    });
    await told.run([count]);
    await told.run([count]);
    await told.run([]);
    expect(runs).toBe(2);
  });
});

/** Resolves when the live list has drawn itself again, as it does for its spinners. */
function redrawn(terminal: FakeTerminal): Promise<void> {
  const { length } = terminal.text;
  return eventually(() => expect(terminal.text.length).toBeGreaterThan(length));
}

describe('lines', () => {
  const lines = ({ text }: FakeTerminal) => text.trimEnd().split('\n');

  test('bear the time of day and say what began, ended and failed', async () => {
    const { terminal, clock, reporter: told } = reporter();
    await told.run([
      step('Check source', async ({ title }) => {
        await clock.advance(2500);
        title('Source: 1 GiB');
      }),
    ]);
    await expect(told.run([step('Copy', () => Promise.reject(new Error('no')))])).rejects.toThrow('no');
    told.info('a\nb');
    told.warn('careful');
    told.debug('unseen');
    expect(lines(terminal)).toEqual([
      '12:03:04 Check source …',
      '12:03:06 Done: Source: 1 GiB (2.5s)',
      '12:03:06 Copy …',
      '12:03:06 Failed: Copy',
      '12:03:06 a',
      '         b',
      '12:03:06 Warning: careful',
    ]);
  });

  test('of progress come at most every ten seconds', async () => {
    const { terminal, clock, reporter: told } = reporter();
    await told.run([
      step('Copy', async ({ progress }) => {
        for (let items = 1; items <= 25; items += 1) {
          await clock.advance(1000);
          progress({ items, totalItems: 25 });
        }
      }),
    ]);
    expect(lines(terminal).slice(1, -1)).toEqual([
      '12:03:14 Copy: 40% · 10/25 items',
      '12:03:24 Copy: 80% · 20/25 items',
    ]);
  });

  test('of detail and debug come with --verbose only, and no detail twice', async () => {
    const details = step('s', async ({ detail }) => {
      detail('waiting for the pod');
      detail('waiting for the pod');
    });
    const told = async (verbose: boolean) => {
      const { terminal, reporter: plain } = reporter({ verbose });
      await plain.run([details]);
      plain.debug('fine print');
      return lines(terminal).map((line) => line.slice(9));
    };
    expect(await told(false)).toEqual(['s …', 'Done: s (0ms)']);
    expect(await told(true)).toEqual(['s …', 's: waiting for the pod', 'Done: s (0ms)', 'fine print']);
  });

  test('of detail come without --verbose too, where a step takes long', async () => {
    const { terminal, clock, reporter: told } = reporter();
    await told.run([
      step('Wait', async ({ detail }) => {
        detail('pod is Pending');
        await clock.advance(11_000);
        detail('pod is Pending');
        detail('ContainerCreating');
      }),
    ]);
    expect(lines(terminal).slice(1, -1)).toEqual(['12:03:15 Wait: pod is Pending']);
  });

  test.each([false, true])('of a step that is over are none (live list: %s)', async (live) => {
    const { terminal, reporter: told } = reporter({ verbose: true, live });
    let late: StepHandle | undefined;
    await told.run([
      step('Serve', async (handle) => {
        late = handle;
        handle.detail('');
      }),
      step('Clean up', async () => {
        late?.detail('the pod was deleted');
        late?.progress({ items: 1, totalItems: 2 });
        if (live) await redrawn(terminal);
      }),
    ]);
    expect(terminal.text).toMatch(/Serve[\s\S]*Clean up/);
    expect(terminal.text).not.toMatch(/deleted|1\/2|Serve: /);
  });

  test('are none where a document is awaited, but with --verbose', async () => {
    const told = async (verbose: boolean) => {
      const { terminal, reporter: quiet } = reporter({ quiet: true, live: true, verbose });
      await quiet.run([step('s')]);
      quiet.info('info');
      quiet.warn('warning');
      return terminal.text;
    };
    expect(await told(false)).toBe('');
    expect(await told(true)).toContain('info');
  });
});

describe('the live list', () => {
  const shown = (terminal: FakeTerminal) => terminal.screen().filter((line) => line !== '');

  async function watch(told: CollectingReporter, steps: Parameters<CollectingReporter['run']>[0]) {
    return told.run(steps).catch((error: unknown) => error);
  }

  test('shows what is done, what runs with its progress, and what waits', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    let during: string[] = [];
    await watch(told, [
      step('First', async ({ title }) => title('First, 100% sure')),
      step('Second', async ({ progress }) => {
        progress({ items: 1, totalItems: 4 });
        await redrawn(terminal);
        during = shown(terminal);
      }),
      step('Third'),
    ]);
    expect(during).toEqual([
      '✔ First, 100% sure',
      expect.stringMatching(/^\S Second$/),
      '  › █████░░░░░░░░░░░░░░░ 25% · 1/4 items',
      '◼ Third',
    ]);
    expect(shown(terminal)).toEqual(['✔ First, 100% sure', '✔ Second', '✔ Third']);
  });

  test('marks what failed and what never began, and leaves the message to others', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    const failed = step('Second', () => Promise.reject(new Error('the reason')));
    const error = await watch(told, [step('First'), { concurrent: [failed, step('Other')] }, step('Third')]);
    expect(error).toEqual(new Error('the reason'));
    expect(shown(terminal)).toEqual(['✔ First', '✖ Second', '✔ Other', '◼ Third']);
  });

  test('marks what another failure stopped otherwise than what failed by itself', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    const reason = new Error('the reason');
    const stopped = step('Stopped', async () => {
      // Until the other one has failed, and all that follows from that was done.
      await settle();
      throw reason;
    });
    await watch(told, [{ concurrent: [step('Failed', () => Promise.reject(reason)), stopped] }]);
    expect(shown(terminal)).toEqual(['✖ Failed', '⊘ Stopped']);
  });

  test('lets lines pass above it, in order, and keeps them', async () => {
    const { terminal, reporter: told } = reporter({ live: true, verbose: true });
    told.info('before');
    await watch(told, [
      step('Work', async ({ warn }) => {
        told.info('during');
        await redrawn(terminal);
        warn('careful');
        told.debug('fine print');
      }),
    ]);
    told.info('after');
    expect(shown(terminal)).toEqual([
      'before',
      'during',
      'Warning: careful',
      'fine print',
      '✔ Work',
      'after',
    ]);
  });

  test('cuts details to the width, also after the terminal became narrower', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    const widths: number[] = [];
    await watch(told, [
      step('Work', async ({ detail }) => {
        for (const columns of [60, 30]) {
          terminal.columns = columns;
          detail('x'.repeat(columns) + columns);
          await redrawn(terminal);
          widths.push(shown(terminal).at(-1)?.length ?? 0);
        }
      }),
    ]);
    expect(widths[0]).toBeLessThanOrEqual(60);
    expect(widths[1]).toBeLessThanOrEqual(30);
    expect(widths.every((width) => width > 20)).toBe(true);
  });

  test('says how long what took long took', async () => {
    const { terminal, clock, reporter: told } = reporter({ live: true });
    await watch(told, [step('Long', () => clock.advance(1050))]);
    expect(shown(terminal)).toEqual([expect.stringMatching(/^✔ Long 1\.\ds$/)]);
  });

  test('is one at a time: what runs inside of it tells its ends above it', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    await watch(told, [
      step('Outer', async () => {
        await told.run([step('Inner', async ({ title }) => title('Inner, done'))]);
        await watch(told, [step('Broken', () => Promise.reject(new Error('no')))]);
      }),
    ]);
    await watch(told, [step('Next')]);
    expect(shown(terminal)).toEqual(['✔ Inner, done', '✖ Broken', '✔ Outer', '✔ Next']);
  });

  test('gives the cursor and the streams back', async () => {
    const { terminal, reporter: told } = reporter({ live: true });
    const write = terminal.write;
    await watch(told, [step('s', () => Promise.reject(new Error('no')))]);
    expect(terminal.write).toBe(write);
    expect(terminal.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(
      terminal.text.lastIndexOf('\u001b[?25l'),
    );
  });
});
