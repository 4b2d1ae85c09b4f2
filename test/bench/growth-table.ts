/** Pure: the cells of a table of growth as measurements, and how much each figure grows from a cell to the next. */
import type { Measurement } from './measurement.ts';

/** What a process cost that keeps so many objects on so many replicas. */
export interface Cell {
  readonly replicas: number;
  readonly objects: number;
  /** Objects that were changed after the first copy. */
  readonly changes: number;
  /** Of the first copy, less what a watch of nothing costs. */
  readonly first: { readonly requests: number; readonly cpuMs: number };
  /** Of all changes. */
  readonly change: { readonly requests: number; readonly cpuMs: number };
  /** The most that was resident. */
  readonly mib: number;
}

const MOST = 1.2;

const copies = ({ replicas, objects }: Cell) => replicas * objects;
const changes = (cell: Cell) => cell.replicas * cell.changes;

/** For one copy: an object on four replicas is four copies, and a change of it four changes. */
const figures: readonly { readonly name: string; readonly unit: string; of(cell: Cell): number }[] = [
  { name: 'memory, whole process, a copy', unit: 'KiB', of: (cell) => (cell.mib * 1024) / copies(cell) },
  { name: 'requests, a copy', unit: 'requests', of: (cell) => cell.first.requests / copies(cell) },
  { name: 'processor time, a copy', unit: 'ms', of: (cell) => cell.first.cpuMs / copies(cell) },
  { name: 'requests, a change', unit: 'requests', of: (cell) => cell.change.requests / changes(cell) },
  { name: 'processor time, a change', unit: 'ms', of: (cell) => cell.change.cpuMs / changes(cell) },
];

const place = ({ replicas, objects }: Cell) => `${replicas} × ${objects}`;

/** The most that a figure grows from a cell to the next, by replicas or by objects: at most 1.2 ×. */
export function measurementsOf(cells: readonly Cell[]): Measurement[] {
  const whole = cells.map((cell) => ({
    name: `memory, ${place(cell)} objects`,
    unit: 'MiB',
    samples: [cell.mib],
  }));
  const each = figures.flatMap(({ name, unit, of }) => {
    const shown = cells.map((cell) => ({
      name: `${name}, ${place(cell)}`,
      unit,
      samples: [of(cell)],
    }));
    const [most] = stepsOf(cells)
      .map(([from, to]) => ({ from, to, ratio: of(to) / of(from) }))
      .sort((a, b) => b.ratio - a.ratio);
    if (!most) return shown;
    const step = `${name}: most from a cell to the next, ${place(most.from)} to ${place(most.to)}`;
    return [...shown, { name: step, unit: '×', samples: [most.ratio], limit: { atMost: MOST } }];
  });
  return [...whole, ...each];
}

/** Cells and those that are next to them: with more replicas, or with more objects. */
function stepsOf(cells: readonly Cell[]): [from: Cell, to: Cell][] {
  const next = (cell: Cell, by: 'replicas' | 'objects', same: 'replicas' | 'objects') =>
    cells
      .filter((other) => other[same] === cell[same] && other[by] > cell[by])
      .sort((a, b) => a[by] - b[by])
      .slice(0, 1)
      .map((to): [Cell, Cell] => [cell, to]);
  return cells.flatMap((cell) => [
    ...next(cell, 'objects', 'replicas'),
    ...next(cell, 'replicas', 'objects'),
  ]);
}
