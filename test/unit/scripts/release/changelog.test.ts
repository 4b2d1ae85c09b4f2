import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectVersion } from '../../../../scripts/archives.ts';
import { notesOf, rehearsedNotes } from '../../../../scripts/release/changelog.ts';

const changelog = '# Changelog\n\n## [1.1.0-rc.1] - 2026-01-02\n\n- b\n\n## 1.0.0\n\n- a\n\n## 0.9.0\n';

test.each([
  ['v1.1.0-rc.1', '- b\n'],
  ['v1.0.0', '- a\n'],
])('the notes of %s are what its section says', (version, notes) => {
  expect(notesOf(changelog, version)).toBe(notes);
});

test.each([
  ['v1.1.0', 'no section ## 1.1.0'],
  ['v0.9.0', 'says nothing of 0.9.0'],
])('%s has none', (version, message) => {
  expect(() => notesOf(changelog, version)).toThrow(message);
});

test.each([
  ['v1.0.0', changelog, '- a\n'],
  ['v1.2.0', changelog, '- b\n'],
  ['v1.2.0', `# Changelog\n\n## [Unreleased]\n\n- c\n\n## 1.1.0\n\n- b\n`, '- c\n'],
])('a rehearsal of %s has the notes of that version, or of the newest section', (version, text, notes) => {
  expect(rehearsedNotes(text, version)).toBe(notes);
});

test("CHANGELOG.md has a section for package.json's version", () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../CHANGELOG.md'), 'utf8');
  expect(notesOf(text, projectVersion())).toMatch(/^\S/);
});
