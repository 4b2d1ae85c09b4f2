import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Entry } from '../../../../../plugins/devsync/reconcile/entry.ts';
import { type Edit, edited, TreeEditor } from '../../../../../plugins/devsync/reconcile/tree.ts';
import { shapeOf, tree } from '../support/trees.ts';

const name = fc.constantFrom('a', 'b');
const path = fc.array(name, { maxLength: 3 }).map((names) => names.join('/'));
const entry = fc.constantFrom<Entry | undefined>(tree({}), tree('1'), tree('2'), tree({ a: '3' }), undefined);
const edits = fc.array(fc.tuple(path, entry), { maxLength: 12 });

test('edits that are made together come to the same as one after the other, and leave the first tree alone', () => {
  fc.assert(
    fc.property(edits, (all: readonly Edit[]) => {
      const first = tree({ a: { a: '1', b: { a: '2' } }, b: '3' });
      const before = JSON.stringify(shapeOf(first));
      const oneByOne = all.reduce((now, edit) => edited(now, [edit]), first);
      expect(shapeOf(edited(first, all))).toEqual(shapeOf(oneByOne));
      expect(JSON.stringify(shapeOf(first))).toBe(before);
    }),
    { numRuns: 3000 },
  );
});

test('an editor that has gone into the root finds the one that takes its place', () => {
  const editor = new TreeEditor(tree({ one: '1' }));
  editor.set('two', tree('2'));
  editor.set('', undefined);
  editor.set('', tree({}));
  editor.set('three', tree('3'));
  expect(shapeOf(editor.finish())).toEqual({ three: '3' });
});
