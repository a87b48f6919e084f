/** What the browser says of itself, in the order in which `START` wants it. */
import type { Writer } from './writer.js';

interface Brands {
  mobile?: boolean;
  platform?: string;
  brands?: { brand: string; version: string }[];
}

/** First match wins: those that imitate another come before it. */
const BROWSERS: [string, RegExp][] = [
  ['Edge', /Edg\w*\/([\d.]+)/],
  ['Opera', /OPR\/([\d.]+)/],
  ['Samsung Internet', /SamsungBrowser\/([\d.]+)/],
  ['Firefox', /(?:Firefox|FxiOS)\/([\d.]+)/],
  ['Chrome', /(?:Chrome|CriOS)\/([\d.]+)/],
  ['Safari', /Version\/([\d.]+).*Safari/],
];

const SYSTEMS: [string, RegExp][] = [
  ['Windows', /Windows NT ([\d.]+)/],
  ['Android', /Android ?([\d.]*)/],
  ['iOS', /(?:iPhone|iPad).*? OS ([\d_]+)/],
  ['Chrome OS', /CrOS \S+ ([\d.]+)/],
  ['Mac OS', /Mac OS X ([\d._]+)/],
  ['Linux', /Linux()/],
];

/** Name and version by the first expression that matches. */
export function find(list: [string, RegExp][], text: string): [string, string] {
  for (const [name, pattern] of list) {
    const match = pattern.exec(text);
    if (match) return [name, match[1].replace(/_/g, '.')];
  }
  return ['', ''];
}

export function writeMeta(w: Writer): void {
  const data: Brands = (navigator as { userAgentData?: Brands }).userAgentData || {};
  const agent = navigator.userAgent;
  const [browser, version] = find(BROWSERS, agent);
  const [system, release] = find(SYSTEMS, agent);
  const brands = data.brands || [];
  w.s(browser).s(version).b(+(data.mobile ?? /Mobi/.test(agent))).s(agent).s(navigator.language);
  w.n(innerWidth).n(innerHeight).u(brands.length);
  for (const { brand, version } of brands) w.s(brand).s(version);
  w.s(system).s(release);
}
