/** Writes what the chart holds of files that stand elsewhere, since a chart reads nothing outside of its folder: boards and rules. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const deploy = fileURLToPath(new URL('..', import.meta.url));

/** Folders of the chart, and where their files come from. */
const FOLDERS = [
  { to: 'helm/farol/files/dashboards', from: 'grafana/dashboards', end: '.json' },
  { to: 'helm/farol/files/rules', from: 'prometheus/rules', end: '.yml' },
];

/** Each file of the chart, below `deploy/`, and what it has to hold. A board is a line: nobody reads it there, and a release has to fit a secret of 1 MiB. */
export const wanted = (): Map<string, string> => {
  const files = new Map<string, string>();
  for (const { to, from, end } of FOLDERS) {
    for (const name of readdirSync(join(deploy, from)).filter((it) => it.endsWith(end))) {
      const text = readFileSync(join(deploy, from, name), 'utf8');
      files.set(`${to}/${name}`, end === '.json' ? `${JSON.stringify(JSON.parse(text))}\n` : text);
    }
  }
  return files;
};

/** What is there. */
export const there = (): Map<string, string> =>
  new Map(FOLDERS.flatMap(({ to }) => readdirSync(join(deploy, to)).map((name): [string, string] => [`${to}/${name}`, readFileSync(join(deploy, to, name), 'utf8')])));

/** Writes them anew. */
export const write = (): void => {
  for (const { to } of FOLDERS) {
    rmSync(join(deploy, to), { recursive: true, force: true });
    mkdirSync(join(deploy, to), { recursive: true });
  }
  for (const [path, text] of wanted()) writeFileSync(join(deploy, path), text);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) write();
