/** The compose file: it is one by compose's own schema, what it mounts and names is there, its images are pinned, and no secret or open port is in it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { list, root, text, yaml } from './files.js';

interface Service {
  image: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
  healthcheck?: object;
  restart?: string;
  depends_on?: Record<string, unknown>;
  environment?: Record<string, string>;
}

const FOLDER = 'deploy/compose';
const compose = yaml(`${FOLDER}/compose.yml`) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);

test("compose's own schema accepts it", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const valid = ajv.compile(JSON.parse(text('tests/deploy/schemas/compose-spec.json')) as object);
  assert.ok(valid(compose), JSON.stringify(valid.errors, null, 2));
  assert.ok(!valid({ services: { a: { image: 'b', portz: [] } } }), 'a schema that takes anything says nothing');
});

test('images are pinned, and ports bound to this machine', () => {
  for (const [name, service] of services) {
    assert.match(service.image, /:(?:v?\d+\.\d+(?:\.\d+)?(?:-debian-\d+\.\d+)?|local)$/u, name);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/u, name);
    assert.equal(service.restart, name === 'setup-elastic' ? 'on-failure' : 'unless-stopped', name);
  }
});

test('what is mounted is there, and each volume is declared and used', () => {
  const named = new Set<string>();
  for (const [name, service] of services) {
    for (const volume of service.volumes ?? []) {
      const from = volume.split(':')[0]!;
      if (from === '/') continue;
      if (from.startsWith('.')) assert.ok(existsSync(join(root, FOLDER, from)), `${name}: ${volume}`);
      else named.add(from);
    }
  }
  assert.deepEqual([...named].sort(), Object.keys(compose.volumes).sort());
});

test('each service says whether it is well, but those whose image holds nothing to ask with', () => {
  const mute = services.filter(([, service]) => service.healthcheck === undefined || 'disable' in service.healthcheck).map(([name]) => name);
  // A worker listens nowhere.
  const workers = ['worker-node', 'worker-python', 'worker-spring'];
  assert.deepEqual(mute.sort(), ['alloy', 'backend-spring', 'beyla', 'jaeger', 'redis-exporter', 'setup-elastic', 'tempo', ...workers]);
});

test('the collector, its health check and each command in its container go by the settings of the stack', () => {
  const { command, environment, healthcheck } = compose.services['farol-collector']!;
  // What an argument names no other command knows.
  assert.deepEqual([command, (healthcheck as { test: string[] }).test], [undefined, ['CMD', '/farol-collector', 'healthy']]);
  assert.deepEqual(environment, { FAROL_CONFIG: `/etc/farol/\${FAROL_STACK:-farol}.toml` });
});

test('a stack of settings for each profile, whose addresses are services that then run', () => {
  // What these add does not change where the collector sends.
  const beside = ['beyla', 'python', 'spring'];
  const profiles = [...new Set(services.flatMap(([, service]) => service.profiles ?? []))].filter((it) => !beside.includes(it)).sort();
  const stacks = list(`${FOLDER}/farol`, '.toml');
  assert.deepEqual(stacks.map((path) => /(\w+)\.toml$/u.exec(path)![1]!).sort(), [...profiles, 'farol'].sort());
  const runs = (host: string, stack: string): boolean => {
    const wanted = compose.services[host]?.profiles;
    return host in compose.services && (wanted === undefined || wanted.includes(stack));
  };
  for (const path of stacks) {
    const stack = /(\w+)\.toml$/u.exec(path)![1]!;
    const hosts = [...text(path).matchAll(/endpoints? = .*?"(?:http|tcp):\/\/([\w-]+):\d+/gu)].map((match) => match[1]!);
    assert.ok(hosts.length > 0, path);
    for (const host of hosts) assert.ok(runs(host, stack), `${path}: ${host}`);
  }
  const fixed = ['deploy/grafana/provisioning/datasources/farol.yml', 'deploy/prometheus/prometheus.yml', `${FOLDER}/alloy.alloy`].map(text).join('\n');
  for (const match of fixed.matchAll(/(?:http:\/\/|\[|endpoint = ")([a-z][\w-]+):\d+/gu)) {
    if (match[1] !== 'localhost') assert.ok(match[1]! in compose.services, match[1]);
  }
});

test('Prometheus takes what Farol sends it: native histograms by OTLP', () => {
  const { image, command = [] } = compose.services.prometheus!;
  const [, major, minor] = /:v(\d+)\.(\d+)\./u.exec(image)!.map(Number);
  assert.ok(command.includes('--web.enable-otlp-receiver'));
  const features = command.filter((it) => it.startsWith('--enable-feature=')).flatMap((it) => it.split('=')[1]!.split(','));
  // From there on they are on by themselves.
  if (major! < 3 || (major === 3 && minor! < 9)) assert.ok(features.includes('native-histograms'), image);
});

test('the stack around Elasticsearch has all four, and what passes by Logstash and Fluentd is awaited there and goes on to who runs', () => {
  for (const name of ['elasticsearch', 'kibana', 'logstash', 'fluentd']) assert.deepEqual(compose.services[name]?.profiles, ['elastic'], name);
  const sent = (path: string): string[] => [...text(path).matchAll(/"?(?:http|tcp):\/\/([a-z][\w-]*:\d+)/gu)].map((match) => match[1]!);
  const listens: Record<string, string[]> = { elasticsearch: ['9200'] };
  for (const name of ['logstash', 'fluentd']) {
    const path = `${FOLDER}/${name === 'fluentd' ? 'fluent' : name}.conf`;
    assert.ok(compose.services[name]!.volumes?.some((it) => it.startsWith(`./${path.split('/').at(-1)}:`)), path);
    const code = text(path).replaceAll(/^\s*#.*$/gmu, '');
    listens[name] = [...code.matchAll(/\bport (?:=> )?(\d+)/gu)].map((match) => match[1]!);
    // Neither program runs here: that each bracket and each section that is opened is closed.
    let depth = 0;
    for (const sign of code.replaceAll(/"[^"]*"/gu, '').match(/[{}[\]]/gu) ?? []) assert.ok((depth += '{['.includes(sign) ? 1 : -1) >= 0, path);
    assert.equal(depth, 0, path);
    const sections = (start: string): string[] => [...code.matchAll(new RegExp(`^\\s*<${start}(\\w+)[^>]*>$`, 'gmu'))].map((match) => match[1]!).sort();
    assert.deepEqual(sections('/'), sections(''), path);
    assert.ok(sent(path).length > 0, path);
  }
  const passed = [`${FOLDER}/farol/elastic.toml`, `${FOLDER}/fluent.conf`, `${FOLDER}/logstash.conf`].flatMap(sent).map((it) => it.split(':') as [string, string]);
  for (const [host, port] of passed) if (host in listens) assert.ok(listens[host]!.includes(port), `${host}:${port}`);
  // Nobody waits where nothing comes.
  const asked = new Set(passed.map((it) => it.join(':')));
  for (const it of ['logstash:8080', 'logstash:8081', 'fluentd:24224', 'elasticsearch:9200']) assert.ok(asked.has(it), it);
});

test('Elasticsearch has its templates before the collector sends', () => {
  const setup = compose.services['setup-elastic']!;
  assert.deepEqual([setup.profiles, setup.command, setup.environment], [['elastic'], ['setup', 'elasticsearch'], { FAROL_CONFIG: '/etc/farol/elastic.toml' }]);
  assert.ok(setup.volumes!.includes('./farol:/etc/farol:ro') && existsSync(join(root, FOLDER, 'farol/elastic.toml')));
  assert.deepEqual(setup.depends_on, { elasticsearch: { condition: 'service_healthy' } });
  // The collector runs in each stack, and this in one.
  assert.deepEqual(compose.services['farol-collector']!.depends_on, { 'setup-elastic': { condition: 'service_completed_successfully', required: false } });
  assert.equal(setup.image, compose.services['farol-collector']!.image);
});

test('with Jaeger the spans of the backends go there, and all that docs say of it says so', () => {
  assert.equal(compose.services['backend-node']!.environment!['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], 'http://${FAROL_TRACES:-tempo}:4318/v1/traces');
  for (const path of ['docs/stack.md', `${FOLDER}/compose.yml`]) {
    const lines = text(path).split('\n').filter((line) => line.includes('FAROL_STACK=jaeger'));
    assert.ok(lines.length > 0 && lines.every((line) => line.includes('FAROL_TRACES=jaeger')), path);
  }
});

test('Beyla sends to where the backends send, and passes over none of them', () => {
  const beyla = yaml(`${FOLDER}/beyla.yml`) as { discovery: Record<string, unknown>; otel_traces_export: { endpoint: string }; otel_metrics_export: { endpoint: string } };
  const told = compose.services['backend-node']!.environment!;
  assert.equal(beyla.otel_metrics_export.endpoint, told['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']);
  assert.equal(beyla.otel_traces_export.endpoint, told['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']!.replace('${FAROL_TRACES:-tempo}', 'tempo'));
  assert.equal(beyla.discovery['exclude_otel_instrumented_services'], false);
});

test('each image that is built here has its file, within what is sent to build it', () => {
  for (const [name, { build }] of services) {
    if (build === undefined) continue;
    const context = join(root, FOLDER, build.context);
    assert.ok(existsSync(join(context, build.dockerfile)), name);
  }
});

test('the shop finds its backend by whatever resolver the container has', () => {
  const template = text('examples/spa/nginx.conf.template');
  const resolvers = [...template.matchAll(/^\s*resolver (.*);$/gmu)].map((match) => match[1]!);
  // Docker's is 127.0.0.11, podman's another.
  assert.deepEqual(resolvers, ['${NGINX_LOCAL_RESOLVERS} valid=10s']);
  assert.match(text('examples/spa/Containerfile'), /^ENV NGINX_ENTRYPOINT_LOCAL_RESOLVERS=1$/mu);
});

test('each backend of the examples is there with its worker, and told the same', () => {
  const told = (name: string): Record<string, string> => ({ ...(compose.services[name] as unknown as { environment: Record<string, string> }).environment });
  for (const backend of ['node', 'python', 'spring']) {
    const [api, worker] = [told(`backend-${backend}`), told(`worker-${backend}`)];
    assert.deepEqual([api['OTEL_SERVICE_NAME'], worker['OTEL_SERVICE_NAME']], [`shop-${backend}`, `shop-${backend}-worker`]);
    delete api['OTEL_SERVICE_NAME'];
    delete worker['OTEL_SERVICE_NAME'];
    assert.deepEqual(api, worker);
    for (const [name, value] of Object.entries(api)) {
      const host = /:\/\/(?:\w+@)?([\w-]+):\d+/u.exec(value.replaceAll(/\$\{\w+:-(\w+)\}/gu, '$1'))?.[1];
      if (host !== undefined) assert.ok(host in compose.services, `${name}: ${value}`);
    }
    assert.ok(existsSync(join(root, 'examples/backends', backend, 'Containerfile')), backend);
  }
});

test('whoever looks at Grafana may follow its links from one source to the other', () => {
  const told = compose.services.grafana!.environment!;
  assert.match(text('deploy/grafana/provisioning/datasources/farol.yml'), /datasourceUid/u);
  // Such links lead to Explore, which a viewer has by this alone.
  if (told['GF_AUTH_ANONYMOUS_ORG_ROLE'] === 'Viewer') assert.equal(told['GF_USERS_VIEWERS_CAN_EDIT'], 'true');
});

test('who takes the stack down as docs/stack.md says takes all of it down', () => {
  const downs = [...text('docs/stack.md').matchAll(/docker compose [^`\n]* down\b/gu)].map((match) => match[0]);
  assert.ok(downs.length > 0);
  // Compose leaves services whose profile is not named, and what they keep.
  if (services.some(([, service]) => service.profiles !== undefined)) for (const down of downs) assert.match(down, / --profile '\*' down$/u);
});

test('docs/stack.md says before its first command how new compose has to be', () => {
  const optional = services.filter(([, { depends_on: on = {} }]) => Object.values(on).some((it) => (it as { required?: boolean }).required === false));
  // In services without a profile, which every start reads: older ones know no such key.
  assert.ok(optional.some(([, service]) => service.profiles === undefined));
  const paragraphs = text('docs/stack.md').split('\n\n');
  const first = paragraphs.findIndex((it) => it.includes('docker compose'));
  assert.match(paragraphs.slice(0, first + 2).join('\n'), /Compose is 2\.20\.2 or newer/u);
});

test('no secret stands in it', () => {
  for (const path of [...list(FOLDER, '.yml'), ...list(FOLDER, '.conf'), ...list(`${FOLDER}/farol`, '.toml')]) assert.doesNotMatch(text(path), /(?:passw\w*|secret|token)\s*[:=]\s*"?\w/iu, path);
});
