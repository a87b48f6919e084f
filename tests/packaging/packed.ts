/** The package as it would be published, installed into a folder of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  /** A user's project. */
  folder: string;
  tarball: string;
  /** The package in its `node_modules`. */
  installed: string;
  remove(): Promise<void>;
}

export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'farol-packed-'));
  const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, 'npm/web'), encoding: 'utf8' }).trim();
  const tarball = join(folder, name);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--offline', tarball], { cwd: folder });
  return { folder, tarball, installed: join(folder, 'node_modules/@farol/web'), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A page that says where its collector is. */
export const page = (script: string, collector: string): string =>
  `<!doctype html><html data-collector="${collector}"><meta charset="utf-8"><title>packed</title><link rel="icon" href="data:,">${script}<h1>packed</h1></html>`;

/** A user's program; what it sends names who built it. */
export const main = (event: string): string => `
import { init, type Client } from '@farol/web';
const client: Client = init({ url: document.documentElement.dataset.collector!, app: { name: 'packed', version: '1.0.0' } });
client.event('${event}', { n: 1 });
client.flush();
`;
