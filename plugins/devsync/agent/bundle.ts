/** The agent as one text: built into the plugin, or bundled on the spot where it runs from its sources. */

/** Set by the build. */
declare const X8S_AGENT_BUNDLE: string | undefined;

/** What `agentLaunch` sends. */
export async function agentBundle(): Promise<string> {
  if (typeof X8S_AGENT_BUNDLE === 'string') return X8S_AGENT_BUNDLE;
  // A name that bundlers do not see: in a built plugin there is no such file, and no need of it.
  const script = ['..', '..', '..', 'scripts', 'agent-bundle.ts'].join('/');
  const { bundleAgent } = (await import(new URL(script, import.meta.url).href)) as {
    bundleAgent: () => Promise<string>;
  };
  return await bundleAgent();
}
