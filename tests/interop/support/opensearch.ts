/** OpenSearch as one node, in a folder of its own, and the template that the collector makes in it. */
import { join } from 'node:path';
import { folder, freePort } from '../../long/setting.js';
import { program } from './farol.js';
import { server, type Server } from './server.js';

/** Not started yet: whoever starts it can end it, though it is never ready. */
export async function opensearch(): Promise<{ cluster: Server; port: number; url: string }> {
  const place = await folder();
  const [port, transport] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    'path.data': join(place, 'data'),
    'path.logs': join(place, 'logs'),
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': transport,
    'cluster.routing.allocation.disk.threshold_enabled': false,
  };
  const args = Object.entries(settings).map(([name, value]) => `-E${name}=${value}`);
  const cluster = server('opensearch', args, `${url}/_cluster/health?wait_for_status=yellow`, place);
  return { cluster, port, url };
}

/** Runs `setup elasticsearch` and gives what it said; the ISM of the policy is a plugin that is not in this OpenSearch, so it fails. */
export const setUp = async (toml: string): Promise<string> => (await program(['setup', 'elasticsearch'], toml)).out;
