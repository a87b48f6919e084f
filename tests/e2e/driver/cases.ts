/**
 * The table of cases, `tests/e2e/cases.tsv`: for each test of the suite and each engine `run`, or `absent: ` and the reason. Tests take `test` from
 * here. A case whose cell says run runs and must pass; one that is absent is told with its reason; one that is not in the table, and a row that is no
 * case of its file any more, fail the file. `FAROL_BLESS=1` writes both right: a new case is to run everywhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test as native, type TestContext } from 'node:test';
import type { Engine } from './executable.js';

/** The columns, in their order. */
export const ENGINES: readonly Engine[] = ['chromium', 'firefox', 'webkitgtk'];

export interface Case {
  file: string;
  name: string;
  /** By engine: why the case is absent there; empty where it runs. */
  absent: Record<Engine, string>;
}

const table = new URL('../cases.tsv', import.meta.url);

export function readCases(): Case[] {
  return readFileSync(table, 'utf8').split('\n').slice(1).filter(Boolean).map((line) => {
    const [file, name, ...cells] = line.split('\t') as [string, string, ...string[]];
    const absent = Object.fromEntries(ENGINES.map((engine, n) => {
      const cell = cells[n] ?? '';
      if (cell !== 'run' && !/^absent: ./.test(cell)) throw new Error(`cases.tsv: "${name}" has "${cell}" for ${engine}; it is "run", or "absent: " and the reason`);
      return [engine, cell.replace(/^(run|absent: )/, '')];
    })) as Record<Engine, string>;
    return { file, name, absent };
  });
}

const write = (cases: Case[]): void =>
  writeFileSync(table, ['file', 'case', ...ENGINES].join('\t') + '\n'
    + cases.map(({ file, name, absent }) => [file, name, ...ENGINES.map((engine) => (absent[engine] ? `absent: ${absent[engine]}` : 'run'))].join('\t') + '\n').join(''));

/** The engine of this process: the first that `FAROL_ENGINES` names. `cargo xtask e2e` starts the suite once for each. */
export const engine = (): Engine => (process.env['FAROL_ENGINES'] ?? '').split(',')[0] as Engine || 'chromium';

const file = basename(process.argv[1] ?? '');
const known = new Map(readCases().filter((one) => one.file === file).map((one) => [one.name, one]));
const met = new Set<string>();

type Run = (context: TestContext) => void | Promise<void>;

/** A case of the suite, in the place of node's own `test`. */
export function test(name: string, run: Run): void {
  if (met.size === 0) process.once('exit', settle);
  met.add(name);
  const absent = known.get(name)?.absent[engine()];
  void native(name, absent ? { skip: absent } : {}, run);
}

function settle(): void {
  const missing = [...met].filter((name) => !known.has(name));
  const gone = [...known.keys()].filter((name) => !met.has(name));
  if (missing.length + gone.length === 0) return;
  if (process.env['FAROL_BLESS']) {
    const others = readCases().filter((one) => one.file !== file);
    const runs = Object.fromEntries(ENGINES.map((engine) => [engine, ''])) as Record<Engine, string>;
    write([...others, ...[...met].map((name) => known.get(name) ?? { file, name, absent: runs })].sort((a, b) => (a.file < b.file ? -1 : +(a.file > b.file))));
    return;
  }
  console.error(`cases.tsv and ${file} differ: ${JSON.stringify({ missing, gone })}\nFAROL_BLESS=1 writes the table; a case of one engine alone has its reason in the other columns`);
  process.exitCode = 1;
}
