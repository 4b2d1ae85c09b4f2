import { describe, expect, test } from '@jest/globals';
import { parseMoverLine } from '../../../../plugins/x8sync/mover-protocol.ts';

describe('parseMoverLine', () => {
  test('progress', () => {
    const line =
      'x8s:progress {"bytes":10,"totalBytes":100,"files":1,"totalFiles":5,"rate":20,"scanning":true,"attempt":1}';
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
      totalBytes: 9,
      transferredBytes: 8,
      extraneous: 4,
      vanished: 0,
    };
    const line = `x8s:end ${JSON.stringify({ ...end, task: 't', code: 5, stats: { ...stats, dirs: 2 } })}`;
    expect(parseMoverLine(line)).toEqual({ kind: 'end', end: { ...end, stats } });
  });

  test('an end without figures counts nothing', () => {
    const line = parseMoverLine('x8s:end {"nonce":"n","code":4,"outcome":"unreachable"}');
    expect(line).toMatchObject({
      kind: 'end',
      end: { outcome: 'unreachable', stats: { files: 0, extraneous: 0 }, lost: [] },
    });
  });

  test('changes and logs', () => {
    expect(parseMoverLine('x8s:change {"item":">f+++++++++","name":"a b"}')).toEqual({
      kind: 'change',
      item: '>f+++++++++',
      name: 'a b',
    });
    expect(parseMoverLine('x8s:log {"level":"error","text":"it failed"}')).toEqual({
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
