/** The page as texts: built into the plugin, or bundled on the spot where it runs from its sources. */

export interface PageParts {
  readonly html: string;
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** Set by the build. */
declare const X8S_PAGE: PageParts | undefined;

let bundled: Promise<PageParts> | undefined;

export async function pageParts(): Promise<PageParts> {
  if (typeof X8S_PAGE === 'object') return X8S_PAGE;
  bundled ??= bundle();
  return await bundled;
}

async function bundle(): Promise<PageParts> {
  // A name that bundlers do not see: in a built plugin there is no such file, and no need of it.
  const script = ['..', '..', '..', '..', 'scripts', 'service-bundles.ts'].join('/');
  const { bundlePage } = (await import(new URL(script, import.meta.url).href)) as {
    bundlePage: () => Promise<PageParts>;
  };
  return await bundlePage();
}
