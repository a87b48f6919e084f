/** What a run measured goes into docs/benchmarks.md: a table between two comments that name it, the rest of the page is people's. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Spread } from './stats.js';

export const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url);

export interface Row {
  figure: string;
  farol: string;
  peer: string;
  ratio: string;
  bar: string;
}

/** The page with another table in the place of the one of that name. Throws where it has none. */
export function replaced(page: string, name: string, lines: string[]): string {
  const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const from = page.indexOf(open);
  const to = page.indexOf(close, from);
  if (from < 0 || to < 0) throw new Error(`docs/benchmarks.md has no table "${name}": put it between ${open.trim()} and ${close}`);
  return page.slice(0, from + open.length) + lines.map((line) => `${line}\n`).join('') + page.slice(to);
}

export function write(name: string, under: string, peer: string, rows: Row[]): void {
  const table = rows.map((row) => `| ${row.figure} | ${row.farol} | ${row.peer} | ${row.ratio} | ${row.bar} |`);
  const lines = [under, '', `| figure | Farol | ${peer} | ratio | bar |`, '|---|--:|--:|--:|--:|', ...table];
  writeFileSync(DOCUMENT, replaced(readFileSync(DOCUMENT, 'utf8'), name, lines));
}

/** A bar with its verdict; without one where the bar's own conditions were not those of the run. */
export const judged = (bar: string, met: boolean | undefined): string => (met === undefined ? `${bar}: not judged` : `${bar}: ${met ? 'met' : 'missed'}`);

const number = (value: number): string => (Math.abs(value) < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US'));

/** Median and, of several runs, smallest and largest. */
export const shown = ({ median, min, max }: Spread): string => (min == max ? number(median) : `${number(median)} (${number(min)} – ${number(max)})`);

/** How the first stands to the second, where that can be said: what a page without an SDK is taken off of may come out as nothing. */
export const share = (ratio: number): string => (ratio > 0 && Number.isFinite(ratio) ? `1/${(1 / ratio).toFixed(1)}` : '');
