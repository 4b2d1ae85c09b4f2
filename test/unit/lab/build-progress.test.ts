import { expect, test } from '@jest/globals';
import { BuildProgress, downloadProgress } from '../../lab/build-progress.ts';

test('each tenth of the packages is told once, and that linking comes after the last', () => {
  const told: string[] = [];
  const progress = new BuildProgress(2000, (line) => told.push(line));
  for (let count = 0; count < 2000; count++) progress.line(`k8s.io/api/v${count}`);
  expect(told).toHaveLength(10);
  expect(told[0]).toBe('10 %, 200 of 2,000 packages');
  expect(told[9]).toBe('2,000 of 2,000 packages; the programs are linked …');
});

test('what is no package does not count', () => {
  const told: string[] = [];
  const progress = new BuildProgress(1, (line) => told.push(line));
  for (const line of ['go: downloading k8s.io/api v0.34.4', '# k8s.io/api', './main.go:3:1: no', ''])
    progress.line(line);
  expect(told).toEqual([]);
});

test('every hundredth module that is downloaded is told', () => {
  const told: string[] = [];
  const line = downloadProgress((text) => told.push(text));
  for (let count = 0; count < 250; count++) line(`go: downloading example.org/${count} v1.0.0`);
  line('go: finding nothing');
  expect(told).toEqual([
    '100 modules are downloaded or on their way',
    '200 modules are downloaded or on their way',
  ]);
});
