/**
 * What each engine has, as docs/browsers.md says it: tests that expect only what an engine can tell ask here, and `smoke.test.ts` holds the page true
 * against the browsers themselves.
 */
import { readFileSync } from 'node:fs';
import { ENGINES, engine } from './cases.js';
import type { Engine } from './executable.js';

export interface Feature {
  name: string;
  /** Whether it is an entry type; else something that `PROBES` asks for. */
  entry: boolean;
  has: Record<Engine, boolean>;
}

/** What is asked in a page for the rows that are no entry types. */
export const PROBES: Record<string, string> = {
  'PerformanceEventTiming.interactionId': "'PerformanceEventTiming' in self && 'interactionId' in PerformanceEventTiming.prototype",
  'performance.interactionCount': "'interactionCount' in performance",
  'PerformanceResourceTiming.responseStatus': "'responseStatus' in PerformanceResourceTiming.prototype",
  'performance.memory': "'memory' in performance",
  'window.navigation': "'navigation' in self",
  'document.prerendering': "'prerendering' in document",
  'ReportingObserver': "'ReportingObserver' in self",
  'requestIdleCallback': "'requestIdleCallback' in self",
  'navigator.userAgentData': "'userAgentData' in navigator",
  'fetchLater': "'fetchLater' in self",
  'keepalive': "'keepalive' in Request.prototype",
  'navigator.sendBeacon': "'sendBeacon' in navigator",
  'CompressionStream': "'CompressionStream' in self",
  'indexedDB': "'databases' in indexedDB",
  'WebAssembly': "typeof WebAssembly == 'object'",
};

const text = readFileSync(new URL('../../../docs/browsers.md', import.meta.url), 'utf8');

/** Whether the page names that browser's version (`Firefox 153.7.0`): the major one, of WebKitGTK the first two numbers. */
export function isDocumented(version: string): boolean {
  const named = text.match(/Measured in .*?(Chromium \d+), (Firefox \d+) \(ESR\) and (WebKitGTK \d+\.\d+)/)?.slice(1);
  if (!named) throw new Error('docs/browsers.md names no versions');
  return named.some((one) => version === one || version.startsWith(`${one}.`));
}

/** The rows of the page's tables, the first cell a name in code, then a cell an engine: `yes` or a dash. */
export function readFeatures(): Feature[] {
  const rows = [...text.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, name, cells]) => ({ name: name!, cells: cells!.split('|').map((cell) => cell.trim()) }));
  return rows.map(({ name, cells }) => ({
    name,
    entry: !(name in PROBES),
    // Behind the name stands what it is for.
    has: Object.fromEntries(ENGINES.map((engine, n) => [engine, cells[n + 1] === 'yes'])) as Feature['has'],
  }));
}

const features = new Map(readFeatures().map((feature) => [feature.name, feature]));

/** Whether the engine of this process has it. */
export function has(name: string): boolean {
  const feature = features.get(name);
  if (!feature) throw new Error(`docs/browsers.md has no row ${name}`);
  return feature.has[engine()];
}
