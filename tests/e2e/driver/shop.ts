/** The example's backend on free ports, serving a folder of the test's own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Shop {
  url: string;
  stop(): Promise<void>;
}

/** Starts FAROL_SHOP, else the workspace's release build, on a folder of pages. */
export async function startShop(folder: string, collector: string): Promise<Shop> {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
  const program = process.env['FAROL_SHOP'] ?? join(target, 'release/farol-shop');
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build --release -p farol-shop`);
  const child = spawn(program, ['--listen', '127.0.0.1:0', '--other-listen', '127.0.0.1:0', '--static', folder, '--collector', collector, '--quiet'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const url = await new Promise<string>((done, fail) => {
    let text = '';
    const read = (chunk: Buffer): void => {
      text += chunk;
      const found = /ready on (http:\/\/[^\s,]+)/.exec(text)?.[1];
      if (found) done(found);
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`the shop ended with ${code} before it was ready:\n${text}`)));
  });
  return {
    url,
    async stop() {
      process.off('exit', kill);
      const gone = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await gone;
      }
    },
  };
}
