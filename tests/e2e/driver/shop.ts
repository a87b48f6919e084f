/** The example's backend on free ports, serving a folder of the test's own. */
import { built, start } from './processes.js';

export interface Shop {
  url: string;
  stop(): Promise<void>;
}

/** Starts FAROL_SHOP, else the workspace's release build, on a folder of pages. */
export async function startShop(folder: string, collector: string): Promise<Shop> {
  const shop = start(built('farol-shop', 'FAROL_SHOP'), ['--listen', '127.0.0.1:0', '--other-listen', '127.0.0.1:0', '--static', folder, '--collector', collector, '--quiet']);
  const [, url] = await shop.line(/ready on (http:\/\/[^\s,]+)/);
  return { url: url!, stop: async () => void (await shop.end()) };
}
