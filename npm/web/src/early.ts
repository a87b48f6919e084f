/** What the script tag says before anything runs. */
import type { Options } from './types.js';

/** The tag that this file came by: also in `async` and `defer`, and as a module, where the browser does not say. */
export function script(): HTMLScriptElement | null {
  return (document.currentScript as HTMLScriptElement | null) || document.querySelector<HTMLScriptElement>('script[src*=farol]');
}

/** Options from the data attributes; nothing where there is no `data-url`. */
export function fromTag(data: Record<string, string | undefined>): Options | undefined {
  const { url, key, app, version, environment, sampleRate, consent, protocol } = data;
  if (!url) return;
  return {
    url, key, app: { name: app, version, environment }, consent: consent as Options['consent'], protocol: protocol as Options['protocol'],
    sampleRate: sampleRate === undefined ? undefined : sampleRate.trim() === '' ? NaN : +sampleRate,
  };
}
