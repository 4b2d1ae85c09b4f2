import { describe, expect, test } from '@jest/globals';
import { parseMoverLine } from '../../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import {
  exitCodeOf,
  formatMessage,
  type Messages,
  type MoverEnd,
  protocol,
} from '../../../../../../plugins/x8sync/mover/protocol/protocol.ts';

describe('parseMoverLine', () => {
  test('progress', () => {
    const line = `x8s:progress {"protocol":${protocol},"bytes":10,"totalBytes":100,"files":1,"totalFiles":5,"rate":20,"scanning":true,"attempt":1}`;
    expect(parseMoverLine(line)).toEqual({
      kind: 'progress',
      progress: { bytes: 10, totalBytes: 100, files: 1, totalFiles: 5, rate: 20, scanning: true },
    });
  });

  test('the end, with its nonce, outcome and figures', () => {
    const end = {
      nonce: 'n',
      outcome: 'partial',
      message: 'a "file"\n',
      failures: ['a b'],
      lost: ['ownership'],
      seconds: 1.5,
    };
    const stats = {
      entries: 5,
      files: 3,
      transferredFiles: 2,
      createdEntries: 1,
      changes: 0,
      attributes: 0,
      removed: 0,
      totalBytes: 9,
      transferredBytes: 8,
      extraneous: 4,
      undeleted: 1,
      vanished: 0,
    };
    const line = `x8s:end ${JSON.stringify({ protocol, ...end, task: 't', code: 5, stats: { ...stats, dirs: 2 } })}`;
    expect(parseMoverLine(line)).toEqual({ kind: 'end', end: { ...end, stats } });
  });

  test('an end without figures counts nothing', () => {
    const line = parseMoverLine(
      `x8s:end {"protocol":${protocol},"nonce":"n","code":4,"outcome":"unreachable"}`,
    );
    expect(line).toMatchObject({
      kind: 'end',
      end: { outcome: 'unreachable', stats: { files: 0, vanished: 0 }, lost: [] },
    });
    // What was not counted may be there.
    const { stats } = (line as { readonly end: MoverEnd }).end;
    expect(Object.keys(stats)).not.toEqual(expect.arrayContaining(['extraneous']));
    expect(stats.undeleted).toBeUndefined();
  });

  test('changes and logs', () => {
    expect(parseMoverLine(`x8s:change {"protocol":${protocol},"item":">f+++++++++","name":"a b"}`)).toEqual({
      kind: 'change',
      item: '>f+++++++++',
      name: 'a b',
    });
    expect(parseMoverLine(`x8s:log {"protocol":${protocol},"level":"error","text":"it failed"}`)).toEqual({
      kind: 'log',
      level: 'error',
      text: 'it failed',
    });
  });

  test.each([
    'Connection closed',
    'x8s:progress not json',
    'x8s:end',
    'x8s:new {"field":1}',
    'x8s:end 7',
    '',
  ])("%j is some program's own line", (line) => {
    expect(parseMoverLine(line)).toEqual({ kind: 'log', level: 'info', text: line });
  });
});

describe('versions', () => {
  test('a line of another version, or of none, is not guessed at', () => {
    expect(parseMoverLine('x8s:end {"protocol":999,"nonce":"n","outcome":"ok"}')).toEqual({
      kind: 'foreign',
      protocol: 999,
    });
    expect(parseMoverLine('x8s:serving {"nonce":"n"}')).toEqual({ kind: 'foreign', protocol: 0 });
  });

  test('what one end writes the other reads', () => {
    const progress = { bytes: 1, totalBytes: 2, files: 3, totalFiles: 4, rate: 5, scanning: false };
    expect(parseMoverLine(formatMessage('progress', { ...progress, attempt: 1 }))).toEqual({
      kind: 'progress',
      progress,
    });
    const end: Messages['end'] = {
      nonce: 'n',
      task: 't',
      mode: 'merge',
      code: exitCodeOf('no-room'),
      outcome: 'no-room',
      message: 'a "b"\n\u2028',
      stats: { entries: 1 },
      failures: [],
      lost: [],
      attempts: 1,
      seconds: 0.5,
    };
    expect(parseMoverLine(formatMessage('end', end))).toMatchObject({
      end: { outcome: 'no-room', message: end.message, stats: { entries: 1, files: 0 } },
    });
  });
});
