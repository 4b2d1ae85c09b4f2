/** CHANGELOG.md, in the form of https://keepachangelog.com: a section for each version, the newest first. */

/**
 * What a version's section says, without its heading.
 * @param version `v1.2.3`
 * @throws {Error} there is no such section, or it is empty
 */
export function notesOf(changelog: string, version: string): string {
  const name = version.replace(/^v/, '');
  const sections = changelog.split(/^(?=## )/m).slice(1);
  const section = sections.find((text) => /^## \[?([^\]\s]+)/.exec(text)?.[1] === name);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ## ${name}`);
  const notes = section.replace(/^.*\n/, '').trim();
  if (notes === '') throw new Error(`CHANGELOG.md says nothing of ${name}`);
  return `${notes}\n`;
}
