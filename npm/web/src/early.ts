/** What the script tag says before anything runs. */
import type { Options } from './types.js';

/** The tag that this file came by: also in `async` and `defer`, and as a module, where the browser does not say. */
export function script(): HTMLScriptElement | null {
  return (document.currentScript as HTMLScriptElement | null) || document.querySelector<HTMLScriptElement>('script[src*=farol]');
}

/** Options from the data attributes; nothing where there is no `data-url`. */
export function fromTag(data: Record<string, string | undefined>): Options | undefined {
  const { url, app: name, version, environment, sampleRate } = data;
  // What is no number must not look like one that was not given.
  return url ? ({ ...data, app: { name, version, environment }, sampleRate: sampleRate && parseFloat(sampleRate) } as unknown as Options) : undefined;
}
