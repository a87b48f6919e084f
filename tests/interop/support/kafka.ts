/** A real Kafka: one node, its topics made when somebody writes to them. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folder, freePort } from '../../long/setting.js';
import type { Proxy } from './plan.js';
import { produce, tcpProxy } from './proxy-tcp.js';
import { found, server, type Server } from './server.js';

/** Below Kafka's default of 1 MiB, so that a test need not send as much. */
export const MAX_MESSAGE = 100_000;
export const USER = { name: 'farol', password: 'hunter2' };

export interface Message {
  partition: number;
  key: string | null;
  headers: Record<string, string>;
  value: Buffer;
}

export interface Kafka extends Server {
  /** `HOST:PORT` of the listener that anybody may use. */
  address: string;
  /** The same of the one with TLS, which asks for a user (SCRAM-SHA-512). */
  secure: string;
  /** The roots by which the latter is known. */
  ca: string;
  /** What stands before a third listener. */
  proxy: Proxy;
  /** What a topic holds at this moment, as Kafka's own client reads it. */
  read(topic: string): Promise<Message[]>;
}

/** A broker with a data folder of its own; not started yet. */
export async function kafka(): Promise<Kafka> {
  const place = await folder();
  const [plain, secure, controller, behind] = [await freePort(), await freePort(), await freePort(), await freePort()];
  // A broker tells clients where to go on, so that its own word has to lead to the proxy.
  const proxy = await tcpProxy(behind, produce);
  const [ca, key] = [join(place, 'ca.pem'), join(place, 'key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', ca, ...subject], { stdio: 'ignore' });
  const keystore = join(place, 'keystore.pem');
  writeFileSync(keystore, readFileSync(key, 'utf8') + readFileSync(ca, 'utf8'));
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure},PROXIED://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure},PROXIED://127.0.0.1:${proxy.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'listener.name.secure.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'log.dirs': join(place, 'data'),
    'num.partitions': 3,
    'message.max.bytes': MAX_MESSAGE,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  const file = join(place, 'server.properties');
  writeFileSync(file, Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join(''));
  const scram = `SCRAM-SHA-512=[name=${USER.name},password=${USER.password}]`;
  const { program } = found('kafka');
  execFileSync(program, ['format', '-t', 'ZmFyb2wtaW50ZXJvcC10ZQ', '-c', file, '--add-scram', scram], { stdio: 'pipe' });
  const address = `127.0.0.1:${plain}`;
  return {
    ...server('kafka', [file], `tcp://${address}`, place),
    address,
    secure: `127.0.0.1:${secure}`,
    ca,
    proxy,
    async read(topic) {
      const { stdout } = await promisify(execFile)(program, ['read', address, topic], { maxBuffer: 512 << 20 });
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      return lines.map((line) => {
        const message = JSON.parse(line) as Omit<Message, 'value'> & { value: string };
        return { ...message, value: Buffer.from(message.value, 'base64') };
      });
    },
  };
}
