/**
 * Manifests for krew out of the templates in krew-manifests/. They are written for krew-release-bot, whose template
 * language is Go's; of that, these two forms are understood, and nothing else:
 * `{{ .TagName }}` and `{{addURIAndSha "URL" .TagName }}`.
 */

export interface Release {
  /** `v1.2.3` */
  readonly version: string;
  /** Where the archives are; the templates' own address where absent. */
  readonly baseUrl?: string | undefined;
  /** SHA-256 of an archive by its file name, in hex. */
  readonly digestOf: (archive: string) => string;
}

const semver = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;
const address = /\{\{\s*addURIAndSha\s+"([^"]+)"\s+\.TagName\s*\}\}/g;

/** What a template says that its plugin does, in a line. */
export function shortDescriptionOf(template: string): string {
  const [, text] = /^ {2}shortDescription: (.+)$/m.exec(template) ?? [];
  if (text === undefined) throw new Error('the template has no shortDescription');
  return text;
}

/**
 * The manifest of one plugin.
 * @throws {Error} the version is none that krew takes, or the template holds something else than the two forms
 */
export function renderManifest(template: string, { version, baseUrl, digestOf }: Release): string {
  if (!semver.test(version)) throw new Error(`${version} is no version as krew wants it, such as v1.2.3`);
  const withAddresses = template.replaceAll(address, (_, url: string) => {
    const at = url.replaceAll(/\{\{\s*\.TagName\s*\}\}/g, version);
    const archive = at.slice(at.lastIndexOf('/') + 1);
    const uri = baseUrl === undefined ? at : `${baseUrl.replace(/\/$/, '')}/${archive}`;
    return `uri: ${uri}\n    sha256: ${digestOf(archive)}`;
  });
  const text = withAddresses
    .replaceAll(/\{\{\s*\.TagName\s*\}\}/g, version)
    // What the template says of itself is not for krew-index.
    .replace(/^(#.*\n)+/, '');
  const rest = /\{\{.*/.exec(text);
  if (rest) throw new Error(`the template holds ${rest[0]}, which is not understood`);
  return text;
}
