import { expect, test } from '@jest/globals';
import { type Cell, measurementsOf } from '../../../bench/growth-table.ts';
import { evaluate } from '../../../bench/measurement.ts';

/** Cells of which each copy and each change costs the same. */
function cells(changed: (cell: Cell) => Partial<Cell> = () => ({})): Cell[] {
  return [1, 2].flatMap((replicas) =>
    [100, 500, 2000].map((objects) => {
      const copies = replicas * objects;
      const cell = {
        replicas,
        objects,
        changes: 100,
        first: { requests: copies, cpuMs: 2 * copies },
        change: { requests: replicas * 110, cpuMs: replicas * 300 },
        mib: copies / 1024,
      };
      return { ...cell, ...changed(cell) };
    }),
  );
}

const notKept = (found: readonly Cell[]) =>
  evaluate(measurementsOf(found)).flatMap(({ name, kept }) => (kept ? [] : [name]));

test('what costs the same in every cell keeps to the limit, and figures are for one copy or change', () => {
  expect(notKept(cells())).toEqual([]);
  const results = evaluate(measurementsOf(cells()));
  const of = (name: string) => results.find((result) => result.name === name)?.median;
  expect(of('requests, a change, 2 × 500')).toBe(1.1);
  expect(of('processor time, a copy, 2 × 2000')).toBe(2);
  expect(of('memory, whole process, a copy, 1 × 100')).toBe(1);
});

test('a figure that grows with the objects, or with the replicas, does not keep to it, and says where', () => {
  const objects = cells(({ objects, change }) => ({
    change: { ...change, cpuMs: change.cpuMs * (objects === 2000 ? 1.3 : 1) },
  }));
  expect(notKept(objects)).toEqual([
    'processor time, a change: most from a cell to the next, 1 × 500 to 1 × 2000',
  ]);
  const replicas = cells(({ replicas, objects, first }) => ({
    first: { ...first, requests: first.requests * (replicas === 2 && objects === 500 ? 1.3 : 1) },
  }));
  expect(notKept(replicas)).toEqual(['requests, a copy: most from a cell to the next, 1 × 500 to 2 × 500']);
  expect(notKept(cells(({ objects }) => ({ mib: objects ** 2 })))).toHaveLength(1);
});

test('one cell alone has nothing to be compared with', () => {
  expect(measurementsOf(cells().slice(0, 1)).filter(({ limit }) => limit)).toEqual([]);
});
