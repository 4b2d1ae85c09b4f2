/** The worker as one text: built into the plugin, or bundled on the spot where it runs from its sources. */

/** Set by the build. */
declare const X8S_HASH_WORKER: string | undefined;

export async function hashWorkerBundle(): Promise<string> {
  if (typeof X8S_HASH_WORKER === 'string') return X8S_HASH_WORKER;
  // A name that bundlers do not see: in a built plugin there is no such file, and no need of it.
  const script = ['..', '..', '..', '..', 'scripts', 'service-bundles.ts'].join('/');
  const { bundleHashWorker } = (await import(new URL(script, import.meta.url).href)) as {
    bundleHashWorker: () => Promise<string>;
  };
  return await bundleHashWorker();
}
