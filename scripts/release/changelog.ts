/** CHANGELOG.md, in the form of https://keepachangelog.com: a section for each version, the newest first. */

const sectionsOf = (changelog: string): string[] => changelog.split(/^(?=## )/m).slice(1);

/** `1.2.3` of `## [1.2.3] - 2026-01-02` */
const nameOf = (section: string): string => /^## \[?([^\]\s]+)/.exec(section)?.[1] ?? '';

/**
 * What a version's section says, without its heading.
 * @param version `v1.2.3`
 * @throws {Error} there is no such section, or it is empty
 */
export function notesOf(changelog: string, version: string): string {
  const name = version.replace(/^v/, '');
  const section = sectionsOf(changelog).find((text) => nameOf(text) === name);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ## ${name}`);
  const notes = section.replace(/^.*\n/, '').trim();
  if (notes === '') throw new Error(`CHANGELOG.md says nothing of ${name}`);
  return `${notes}\n`;
}

/**
 * The notes for a dry run: those of the version where there are some, else those of the newest section (`Unreleased`, or
 * the last version), since the version's own section may be written just before the release.
 * @throws {Error} the newest section is empty, or there is none
 */
export function rehearsedNotes(changelog: string, version: string): string {
  try {
    return notesOf(changelog, version);
  } catch {
    return notesOf(changelog, nameOf(sectionsOf(changelog)[0] ?? ''));
  }
}
