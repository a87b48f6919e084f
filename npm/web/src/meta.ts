/** What the browser says of itself, in the order in which `META` wants it. */
import type { Writer } from './writer.js';

interface Data {
  mobile?: boolean;
  brands?: { brand: string; version: string }[];
}

/** Name, a text that tells it, and the expression between that and the version. The first that is there wins: imitators come first. */
export const BROWSERS =
  'Edge=Edg=\\w*/;Opera=OPR/;Samsung Internet=SamsungBrowser/;Firefox=Firefox/;Firefox=FxiOS/;Chrome=Chrome/;Chrome=CriOS/;Safari=Version/';
export const SYSTEMS = 'Windows=Windows NT ;Android=Android ;iOS=iPhone=.*? OS ;iOS=iPad=.*? OS ;Chrome OS=CrOS =\\w+ ;Mac OS=Mac OS X ;Linux=Linux';

/** Name and version by the first that is there. An expression costs much the first time: only where one is needed. */
export function find(list: string, text: string): string[] {
  for (const entry of list.split(';')) {
    const [name, token, more = ''] = entry.split('=');
    const match = text.includes(token) && RegExp(token + more + '([\\d._]*)').exec(text);
    if (match) return [name, match[1].replace(/_/g, '.')];
  }
  return ['', ''];
}

export function writeMeta(w: Writer): void {
  const { mobile, brands = [] } = (navigator as { userAgentData?: Data }).userAgentData || {};
  const agent = navigator.userAgent;
  find(BROWSERS, agent).forEach(w.s);
  w.b(+(mobile ?? /Mobi/.test(agent))).s(agent).s(navigator.language).n(innerWidth).n(innerHeight).u(brands.length);
  for (const { brand, version } of brands) w.s(brand).s(version);
  find(SYSTEMS, agent).forEach(w.s);
}
