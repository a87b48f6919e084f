/** Chromium as a visitor has it: while DevTools are attached, it renders no page ahead of its visit. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executable } from './executable.js';
import { removeAtExit } from './processes.js';

/** A browser without DevTools, at one address. */
export function undriven(url: string): () => Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'farol-chromium-'));
  const child = spawn(executable('chromium'), ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', `--user-data-dir=${profile}`, url], { stdio: 'ignore' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return async () => {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill();
    await gone;
    process.off('exit', kill);
    // Its helpers end after it, and write until then.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => removeAtExit(profile));
  };
}
