/** All that the client's key may do in the source pod beside reading the one tree: ask what it holds. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskOf } from '../disk.ts';
import { placeOf } from '../place.ts';
import { folderName, type Places } from '../places.ts';
import { type OwnFolder, parseQuestion, type Question, type Sizes, type Usage } from '../questions.ts';
import { findCollisions } from './collisions.ts';
import { sourceFiles } from './sshd-config.ts';
import { exactUsage, findEntry, lostEntries, rootLook, survey, unkept } from './walk.ts';

/** The exit code of a gate that was asked for something else. */
export const refusedCode = 77;
export const refusal = 'x8s-mover: refused: this key may only read the volume';

/** The answer to what a client asked for, or undefined where that is none of the questions. */
export async function answer(asked: string, places: Places): Promise<string | undefined> {
  const question = parseQuestion(asked);
  return question && answerTo(question, places);
}

async function answerTo(question: Question, places: Places): Promise<string> {
  switch (question.kind) {
    case 'usage':
      return line(await usage(places));
    case 'exactUsage':
      return line(await exactUsage(places.source));
    case 'root':
      return line(rootLook(places.source));
    case 'unkept':
      return line(await unkept(places.source, question.limits));
    case 'collisions':
      return line(findCollisions(places.source, question.folding));
    case 'find':
      return findEntry(places.source, question.mark);
    case 'sees':
      return lstatSync(join(places.source, question.mark), { throwIfNoEntry: false }) ? 'yes' : 'no';
    case 'survey':
      return line(await survey(places.source, question.uid, question.gids));
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;

async function usage(places: Places): Promise<Usage> {
  const { source } = places;
  const [disk, lostFound] = await Promise.all([diskOf(source), lostEntries(source)]);
  const { usedBytes, usedInodes, sizeBytes, inodes } = disk;
  const known = { ownFolder: ownFolder(source), sizes: knownSizes(places) ?? null, place: placeOf(source) };
  return { usedBytes, usedInodes, sizeBytes, sizeInodes: inodes, lostFound, ...known };
}

function ownFolder(source: string): OwnFolder {
  if (!lstatSync(`${source}/${folderName}`, { throwIfNoEntry: false })) return 'none';
  try {
    const mark = readFileSync(`${source}/${folderName}/state`, 'utf8');
    return mark.startsWith('x8sync ') ? 'mover' : 'other';
  } catch {
    // No mark, or none that may be read: nobody can say that it is a mover's.
    return 'other';
  }
}

/** What the source's side knows by now; undefined where that is nothing yet. */
function knownSizes(places: Places): Sizes | undefined {
  try {
    return JSON.parse(readFileSync(sourceFiles(places).sizes, 'utf8')) as Sizes;
  } catch {
    return undefined;
  }
}
