/** Several sessions on one line: each has its own way, and what several get crosses the line once. */
import { type Duplex, duplexPair } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { LineSession } from '../../../../../plugins/devsync/wire/line-session.ts';
import { SharedBody } from '../../../../../plugins/devsync/wire/shared-body.ts';
import { SharedLine } from '../../../../../plugins/devsync/wire/shared-line.ts';
import { eventually } from '../../../../support/eventually.ts';

interface Ends {
  readonly line: SharedLine;
  readonly other: SharedLine;
  readonly streams: readonly [Duplex, Duplex];
  /** Of the other end, in their order. */
  readonly opened: LineSession[];
  readonly requests: string[];
  /** Bytes that have crossed to the other end. */
  readonly crossed: () => number;
}

function ends(): Ends {
  const streams = duplexPair();
  const [here, there] = streams;
  let bytes = 0;
  there.on('data', (data: Buffer) => {
    bytes += data.length;
  });
  const opened: LineSession[] = [];
  const requests: string[] = [];
  const onOpen = (session: LineSession, request: string) => {
    opened.push(session);
    requests.push(request);
    session.sendAnswer(`yes to ${request}`);
  };
  const other = new SharedLine(there, { onOpen });
  opened.push(other.first());
  return { line: new SharedLine(here), other, streams, opened, requests, crossed: () => bytes };
}

/** What has come on a session, and how it ended. */
function collect(session: LineSession | undefined) {
  const got = { bytes: 0, text: '', hasEnded: false, isClosed: false };
  session?.on('data', (data: Buffer) => {
    got.bytes += data.length;
    if (data.length < 100) got.text += data.toString();
  });
  session?.once('end', () => Object.assign(got, { hasEnded: true }));
  session?.once('close', () => Object.assign(got, { isClosed: true }));
  return got;
}

async function withThree() {
  const all = ends();
  const sessions = [all.line.first(), all.line.open('b'), all.line.open('c')];
  expect(await sessions[1]?.answer).toBe('yes to b');
  await eventually(() => expect(all.requests).toEqual(['b', 'c']));
  return { ...all, sessions };
}

const bodyOf = (bytes: number) => new SharedBody([new Uint8Array(bytes).fill(7)]);

test('sessions talk both ways, each for itself, and end one by one', async () => {
  const { sessions, opened, line } = await withThree();
  const there = opened.map(collect);
  const here = sessions.map(collect);
  sessions.forEach((one, index) => void one.write(`to ${index}`));
  opened.forEach((one, index) => void one.write(`from ${index}`));
  await eventually(() => {
    expect(there.map(({ text }) => text)).toEqual(['to 0', 'to 1', 'to 2']);
    expect(here.map(({ text }) => text)).toEqual(['from 0', 'from 1', 'from 2']);
  });
  sessions[0]?.destroy();
  opened[1]?.end();
  await eventually(() => expect([there[0]?.isClosed, here[1]?.hasEnded]).toEqual([true, true]));
  sessions[1]?.end();
  await eventually(() => expect([there[1]?.hasEnded, line.size]).toEqual([true, 1]));
  sessions[2]?.write(' and on');
  await eventually(() => expect(there[2]?.text).toBe('to 2 and on'));
  sessions[2]?.destroy();
  await eventually(() => expect(line.isOpen).toBe(false));
});

test('what goes to three of them crosses once, also when they are not at the same place', async () => {
  const { sessions, opened, crossed } = await withThree();
  const there = opened.map(collect);
  const frames = [1, 2, 3, 4].map(() => bodyOf(1 << 20).frame('none'));
  for (const frame of frames) sessions[0]?.write(frame);
  await eventually(() => expect(there[0]?.bytes).toBeGreaterThan(4 << 20));
  for (const frame of frames) for (const one of sessions.slice(1)) one.write(frame);
  await eventually(() => {
    for (const { bytes } of there) expect(bytes).toBe(there[0]?.bytes);
  });
  expect(crossed()).toBeLessThan(4.1 * (1 << 20));
});

test('what is short crosses together, and what was taken in is told along with an answer', async () => {
  const { sessions, opened, streams } = await withThree();
  const pieces: [here: number[], there: number[]] = [[], []];
  for (const side of [0, 1] as const)
    streams[side].on('data', (data: Buffer) => void pieces[side].push(data.length));
  opened.forEach((one, index) => void one.on('data', () => void one.write(`from ${index}`)));
  const here = sessions.map(collect);
  for (const one of sessions) {
    one.write('to ');
    one.write('all');
  }
  await eventually(() => expect(here.every(({ text }) => text.length >= 12)).toBe(true));
  // Heads of nine bytes; two messages of three bytes, and two answers of six bytes with one credit of four, each time.
  expect(pieces[1][0]).toBe(3 * (2 * 9 + 6));
  expect(pieces[0]).toEqual([3 * (2 * (9 + 6) + 9 + 4)]);
});

test('what goes both ways at once, long and short, comes as it went', async () => {
  const { sessions, opened } = await withThree();
  const [here, there] = [sessions.map(collect), opened.map(collect)];
  for (let count = 0; count < 20; count++)
    for (const one of [...sessions, ...opened]) {
      one.write(Buffer.alloc(count % 3 === 0 ? 100_000 : 1000));
      if (count % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  const all = 7 * 100_000 + 13 * 1000;
  await eventually(() => expect([...here, ...there].map(({ bytes }) => bytes)).toEqual(Array(6).fill(all)));
});

test('a session that only takes in goes on being sent more than its window', async () => {
  const { sessions, opened } = await withThree();
  const there = collect(opened[1]);
  for (let count = 0; count < 600; count++) sessions[1]?.write(Buffer.alloc(10_000));
  await eventually(() => expect(there.bytes).toBe(6_000_000));
});

test('what the other end has dropped by now is sent again', async () => {
  const { sessions, opened } = await withThree();
  const there = opened.map(collect);
  const first = bodyOf(1 << 20).frame('none');
  sessions[0]?.write(first);
  for (let count = 0; count < 20; count++) sessions[1]?.write(bodyOf(1 << 20).frame('none'));
  await eventually(() => expect(there[1]?.bytes).toBeGreaterThan(20 << 20));
  sessions[2]?.write(first);
  await eventually(() => expect(there[2]?.bytes).toBe(there[0]?.bytes));
});

test('one that does not read holds up no other, and gets no more than its window', async () => {
  const { sessions, opened } = await withThree();
  // It reads nothing.
  const [, , slow] = opened;
  const there = opened.slice(0, 2).map(collect);
  let accepted = 0;
  for (let count = 0; count < 40; count++) {
    const frame = bodyOf(1 << 20).frame('none');
    sessions[2]?.write(frame, () => accepted++);
    for (const one of sessions.slice(0, 2)) one.write(frame);
  }
  await eventually(() => {
    for (const { bytes } of there) expect(bytes).toBeGreaterThan(40 << 20);
  });
  expect(accepted).toBeLessThanOrEqual(5);
  const late = collect(slow);
  await eventually(() => expect(late.bytes).toBe(there[0]?.bytes));
});

test('a line that breaks ends all sessions with the reason', async () => {
  const { sessions, streams, opened } = await withThree();
  const closed = [...sessions, ...opened].map(collect);
  const waiting = sessions[0]?.answer;
  streams[0].destroy(new Error('cut'));
  await eventually(() => expect(closed.every(({ isClosed }) => isClosed)).toBe(true));
  await expect(waiting).rejects.toThrow('cut');
  expect(sessions[1]?.errored?.message).toBe('cut');
});

test.each([
  ['names data that was never sent', [0, 0, 0, 9, 4, 0, 0, 0, 1, 0, 0, 0, 5]],
  ['announces more than a message holds', [0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1]],
  ['sends a kind that is not known', [0, 0, 0, 5, 99, 0, 0, 0, 1]],
  ['opens a session that is there', [0, 0, 0, 5, 0, 0, 0, 0, 1]],
])('an end that %s loses the line', async (_, bytes) => {
  const { streams, opened } = ends();
  const first = collect(opened[0]);
  streams[0].write(Buffer.from(bytes));
  await eventually(() => expect(first.isClosed).toBe(true));
});

test('the workstation lets nobody open sessions to it', async () => {
  const { line, streams } = ends();
  const first = collect(line.first());
  streams[1].write(Buffer.from([0, 0, 0, 5, 0, 0, 0, 0, 9]));
  await eventually(() => expect(first.isClosed).toBe(true));
});
