/** What the script tag says before anything runs. */
import type { Options } from './types.js';

/** The tag that this file came by: also in `async` and `defer`, and as a module, where the browser does not say. */
export function script(): HTMLScriptElement | null {
  const { currentScript: tag } = document;
  // An image of that name would stand in its place.
  return tag?.tagName == 'SCRIPT' ? (tag as HTMLScriptElement) : document.querySelector<HTMLScriptElement>('script[src*=farol]');
}

/** Options from the data attributes; nothing where there is no `data-url`. */
export function fromTag(data: Record<string, string | undefined>): Options | undefined {
  const { url, app: name, version, environment, sampleRate } = data;
  // What is no number must not look like one that was not given.
  return url ? ({ ...data, app: { name, version, environment }, sampleRate: sampleRate && parseFloat(sampleRate) } as unknown as Options) : undefined;
}
