/** The example's backend on free ports, serving a folder of the test's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './processes.js';

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
  const shop = start(program, ['--listen', '127.0.0.1:0', '--other-listen', '127.0.0.1:0', '--static', folder, '--collector', collector, '--quiet']);
  const [, url] = await shop.line(/ready on (http:\/\/[^\s,]+)/);
  return { url: url!, stop: async () => void (await shop.end()) };
}
