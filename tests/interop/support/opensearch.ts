/** OpenSearch as one node, in a folder of its own, and the template that the collector makes in it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectorProgram } from '../../e2e/driver/collector.js';
import { folder, freePort } from '../../long/setting.js';
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

/** Runs `setup elasticsearch` and gives what it said; the ISM of the policy is a plugin that is not in this OpenSearch. */
export async function setUp(toml: string): Promise<string> {
  const config = join(await folder(), 'farol.toml');
  writeFileSync(config, `version = 1\n${toml}`);
  try {
    return execFileSync(collectorProgram(), ['setup', 'elasticsearch', '--config', config], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
