/** The Helm chart and the plain manifests that are rendered from it: files of elsewhere are the same here, renders are those that are checked in, Kubernetes' own
 * schemas accept them, and values that cannot be are refused. `FAROL_BLESS=1` writes the renders anew. */
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Ajv } from 'ajv';
import { CORE_SCHEMA, load, loadAll } from 'js-yaml';
import { there, wanted } from '../../deploy/helm/build.js';
import { root, rules, rulesOf, text, yaml } from './files.js';
import { newest, tool } from './tools.js';

const CHART = 'deploy/helm/farol';
/** The oldest that the chart takes, and what helm has to be told where there is no cluster. */
const KUBERNETES = '1.30.0';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

const render = (t: TestContext, ...more: string[]): { ok: boolean; said: string } | undefined =>
  tool(t, 'helm', 'template', 'farol', join(root, CHART), '--namespace', 'farol', '--kube-version', KUBERNETES, ...more);

interface Container {
  name: string;
  args: string[];
  env: { name: string; value?: string; valueFrom?: unknown }[];
}

const manifests = (said: string): Manifest[] => (loadAll(said, { schema: CORE_SCHEMA }) as (Manifest | null)[]).filter((it): it is Manifest => it !== null);

/** Values of each render, and where it stands. */
const GOLDEN = [
  { values: 'deploy/kubernetes/disk/values.yaml', stands: 'deploy/kubernetes/disk/farol.yaml' },
  { values: 'deploy/kubernetes/memory/values.yaml', stands: 'deploy/kubernetes/memory/farol.yaml' },
  { values: 'tests/deploy/helm/everything.values.yaml', stands: 'tests/deploy/helm/everything.yaml' },
];

test('boards and rules of the chart are those of deploy/grafana and deploy/prometheus', () => {
  assert.deepEqual([...there()].sort(), [...wanted()].sort(), 'run: node --import tsx deploy/helm/build.ts');
});

test('helm finds nothing to say against the chart', (t) => {
  const done = tool(t, 'helm', 'lint', '--strict', join(root, CHART));
  if (done) assert.ok(done.ok && !/\[(?:WARNING|ERROR)\]/u.test(done.said), done.said);
});

test('renders are those that are checked in', (t) => {
  for (const { values, stands } of GOLDEN) {
    const done = render(t, '--values', join(root, values));
    if (!done) return;
    assert.ok(done.ok, done.said);
    // Lines with nothing but blanks in them are helm's indenting.
    const said = done.said.replaceAll(/[ \t]+$/gmu, '');
    if (process.env.FAROL_BLESS === '1') writeFileSync(join(root, stands), said);
    assert.equal(said, text(stands), `${stands}: read the difference, then FAROL_BLESS=1`);
  }
});

test("Kubernetes' own schemas accept every manifest, and all that stands in it", (t) => {
  for (const { stands } of GOLDEN) {
    const folder = mkdtempSync(join(tmpdir(), 'farol-manifests-'));
    try {
      // Kinds of others' have no schema there.
      const known = manifests(text(stands)).filter((it) => !it.apiVersion.startsWith('monitoring.coreos.com'));
      assert.ok(known.length > 6, stands);
      const paths = known.map((it, at) => {
        const path = join(folder, `${at}-${it.kind}.json`);
        writeFileSync(path, JSON.stringify(it));
        return path;
      });
      for (const version of ['1.30', '1.34']) {
        const done = tool(t, 'kubernetes-validate', '--strict', '-k', version, ...paths);
        if (!done) return;
        assert.ok(done.ok, `${stands}, ${version}: ${done.said}`);
      }
      const wrong = join(folder, 'wrong.json');
      writeFileSync(wrong, JSON.stringify({ ...known[0], spek: {} }));
      assert.ok(!tool(t, 'kubernetes-validate', '--strict', wrong)!.ok, 'a schema that takes anything says nothing');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

/** What is about others than Farol, and comes when it is asked for. */
const OTHERS = /\/(?:farol-shop-|backends\.yml)/u;
const WITH_OTHERS = ['--set', 'rules.backends=true,dashboards.example=true'];

test('boards and rules come as ConfigMaps whose content is theirs, those of backends and of the example when asked for', (t) => {
  for (const [more, expected] of [
    [WITH_OTHERS, [...wanted()]],
    [[], [...wanted()].filter(([path]) => !OTHERS.test(path))],
  ] as const) {
    const done = render(t, ...more);
    if (!done) return;
    assert.ok(done.ok, done.said);
    const maps = manifests(done.said).filter((it) => it.kind === 'ConfigMap' && it.data && !('farol.toml' in it.data));
    const files = maps.flatMap((it) => Object.entries(it.data!));
    assert.deepEqual(
      files.map(([name, held]) => [name, held.trimEnd()]).sort(),
      expected.map(([path, held]) => [path.split('/').at(-1)!, held.trimEnd()]).sort(),
    );
    for (const map of maps.filter((it) => it.metadata.name.includes('-board-'))) assert.equal(map.metadata.labels?.grafana_dashboard, '1');
  }
  const asRules = (...more: string[]): unknown[] =>
    manifests(render(t, '--set', 'rules.kind=PrometheusRule', ...more)!.said).filter((it) => it.kind === 'PrometheusRule').flatMap((it) => it.spec!.groups as { rules: unknown[] }[]).flatMap((it) => it.rules);
  assert.equal(asRules(...WITH_OTHERS).length, rules().length);
  assert.equal(asRules().length, rules().length - rulesOf('deploy/prometheus/rules/backends.yml').length);
});

test('values that cannot be are refused, with what to do', (t) => {
  const wrong: [set: string, expected: RegExp][] = [
    ['autoscaling.enabled=true', /leaves a volume behind/u],
    ['replicas=none', /want integer/u],
    ['queue.type=tape', /value must be one of/u],
    ['replica=3', /additional properties 'replica' not allowed/u],
    ['settings=listen', /does not match pattern/u],
    ['podDisruptionBudget.maxUnavailable=0%', /does not match pattern/u],
    ['queue.volume.size=1Gi', /1Gi has no room for a queue of 1GiB/u],
    ['queue.volume.size=2Gi,queue.maxBytes=1800 MiB', /2Gi has no room for a queue of 1800 MiB/u],
    ['queue.type=memory,autoscaling.enabled=true,autoscaling.minReplicas=11', /11 is more than maxReplicas \(10\)/u],
    ['env.farol=1', /does not match pattern/u],
    ['ingress.enabled=true', /ingress\.hosts: an ingress without a host leads nowhere/u],
    ['trustedProxies={proxy.example}', /does not match pattern/u],
    ['service.externalTrafficPolicy=None', /value must be one of/u],
    ['queue.type=memory,queue.maxBytes=1GiB', /more than a third of resources\.limits\.memory \(640Mi\)/u],
    ['queue.type=memory,resources.limits.memory=256Mi', /128MiB of a queue in memory is more/u],
    ['queue.type=memory,queue.maxBytes=214 MiB', /more than a third/u],
    ['queue.type=memory,queue.maxBytes=512MB,resources.limits.memory=1.5G', /more than a third/u],
  ];
  for (const [set, expected] of wrong) {
    const done = render(t, '--set', set);
    if (!done) return;
    assert.ok(!done.ok, set);
    assert.match(done.said, expected, set);
  }
});

test('a queue in memory has a share of the pod', (t) => {
  const sized = (set: string): string | undefined => {
    const done = render(t, '--set', set);
    if (!done) return undefined;
    assert.ok(done.ok, `${set}: ${done.said}`);
    return /FAROL_QUEUE__MAX_BYTES\n\s+value: "(.*)"/u.exec(done.said)?.[1];
  };
  if (sized('queue.type=memory') === undefined) return;
  for (const [set, expected] of [
    ['queue.type=disk', '1GiB'],
    ['queue.type=memory', '128MiB'],
    ['queue.type=memory,queue.maxBytes=170MiB', '170MiB'],
    ['queue.type=memory,queue.maxBytes=1GiB,resources.limits.memory=3Gi', '1GiB'],
    ['queue.type=memory,queue.maxBytes=512MB,resources.limits.memory=1536000000', '512MB'],
    ['queue.type=memory,queue.maxBytes=1GiB,resources.limits=null', '1GiB'],
    ['queue.type=memory,queue.maxBytes=1GiB,resources=null', '1GiB'],
    ['queue.type=disk,queue.maxBytes=3GiB', '3GiB'],
    ['queue.type=disk,queue.volume.size=1280Mi', '1GiB'],
    ['queue.type=memory,queue.volume.size=1Gi', '128MiB'],
    ['queue.type=memory,resources.limits.memory=1e9', '128MiB'],
  ] as const) assert.equal(sized(set), expected, set);
});

test('one that goes has its time, and no longer than Kubernetes lets an autoscaler wait', (t) => {
  for (const [seconds, expected] of [[60, 95], [1000, 1035], [3600, 1800]] as const) {
    const done = render(t, '--set', `queue.type=memory,autoscaling.enabled=true,shutdownSeconds=${seconds}`);
    if (!done) return;
    assert.ok(done.ok, done.said);
    assert.equal(Number(/periodSeconds: (\d+)\n(?=---|$)/u.exec(`${done.said.slice(done.said.indexOf('kind: HorizontalPodAutoscaler'))}`)?.[1]), expected);
  }
});

test('visitors keep their addresses and Prometheus sees collectors, or whoever installs is told', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-notes-'));
  try {
    // Notes are shown by an install, which wants a cluster: here as a template among the others.
    cpSync(join(root, CHART), folder, { recursive: true });
    writeFileSync(join(folder, 'templates/shown.yaml'), 'kind: Shown\nmetadata: { name: notes }\ndata:\n  notes: |-\n    {{- tpl (.Files.Get "shown.txt") . | nindent 4 }}\n');
    writeFileSync(join(folder, 'shown.txt'), text(`${CHART}/templates/NOTES.txt`));
    const told = (set: string): string | undefined => {
      const done = tool(t, 'helm', 'template', 'farol', folder, '--kube-version', KUBERNETES, '--set', set);
      if (!done) return undefined;
      assert.ok(done.ok, done.said);
      return manifests(done.said).find((it) => it.kind === 'Shown')!.data!.notes!;
    };
    const ingress = 'ingress.enabled=true,ingress.hosts={rum.example}';
    const settings = (more: string): string => `settings=version = 1\n${more}\n`;
    for (const [set, expected] of [
      ['', undefined],
      [ingress, /one address, the ingress controller's, until trustedProxies/u],
      ['service.type=LoadBalancer', /one address, a node's, until service\.externalTrafficPolicy is Local/u],
      ['service.type=NodePort,service.externalTrafficPolicy=Cluster', /a node's/u],
      [`${ingress},trustedProxies={10.0.0.0/8}`, undefined],
      [`${ingress},env.FAROL_TRUSTED_PROXIES=10.0.0.1`, undefined],
      [`${ingress},${settings('trusted_proxies = ["10.0.0.1"]')}`, undefined],
      [`${ingress},${settings('# trusted_proxies = ["10.0.0.1"]')}`, /the ingress controller's/u],
      [`service.type=LoadBalancer,${settings('proxy_protocol = ["10.0.0.0/8"]')}`, undefined],
      ['service.type=LoadBalancer,service.externalTrafficPolicy=Local', undefined],
      ['serviceMonitor.enabled=true', /no collector from another namespace than default until networkPolicy\.operatorsFrom names it/u],
      ['serviceMonitor.enabled=true,networkPolicy.enabled=false', undefined],
      ['serviceMonitor.enabled=true,rules.kind=PrometheusRule,networkPolicy.operatorsFrom[0].podSelector.x=y', undefined],
      ['rules.kind=PrometheusRule', /no collector until serviceMonitor\.enabled is true/u],
      ['rules.kind=PrometheusRule,rules.enabled=false', undefined],
    ] as const) {
      const said = told(set);
      if (said === undefined) return;
      if (expected) assert.match(said, expected, set);
      else assert.doesNotMatch(said, /WARNING/u, set);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const done = render(t, '--set', 'trustedProxies={10.0.0.0/8,fd00::/8},service.type=LoadBalancer,service.externalTrafficPolicy=Local')!;
  assert.match(done.said, /name: FAROL_TRUSTED_PROXIES\n\s+value: "10\.0\.0\.0\/8,fd00::\/8"/u);
  assert.match(done.said, /type: LoadBalancer\n\s+externalTrafficPolicy: Local/u);
  assert.doesNotMatch(render(t, '--set', 'service.externalTrafficPolicy=Local')!.said, /externalTrafficPolicy/u);
});

test('each volume that is left has a job of its own, and another pod is another job', (t) => {
  const long = 'a-name-of-a-release-that-is-as-long-as-helm-takes-one';
  const claims = [2, 3, 11].map((it) => `data-${long}-farol-${it}`);
  const jobs = (...more: string[]): string[] | undefined => {
    const done = render(t, '--set', `fullnameOverride=${long}`, '--set', `orphans={${claims.join(',')}}`, ...more);
    if (!done) return undefined;
    assert.ok(done.ok, done.said);
    const all = manifests(done.said).filter((it) => it.kind === 'Job');
    const pods = all.map((it) => (it.spec!.template as { spec: { volumes: { persistentVolumeClaim?: { claimName: string } }[] } }).spec);
    assert.deepEqual(pods.map((it) => it.volumes.find((one) => one.persistentVolumeClaim)!.persistentVolumeClaim!.claimName), claims);
    return all.map((it) => it.metadata.name);
  };
  const names = jobs();
  if (!names) return;
  assert.equal(new Set(names).size, claims.length, names.join());
  // A pod of a job has six characters more, and 63 in all.
  for (const name of names) assert.match(name, /^[a-z0-9][-a-z0-9]{0,54}[a-z0-9]$/u);
  assert.deepEqual(jobs(), names);
  const renewed = jobs('--set', 'image.tag=1.2.4')!;
  assert.deepEqual(renewed.filter((it) => names.includes(it)), []);
});

test('a job that empties a volume runs where collectors do, with a queue on disk whatever they have now', (t) => {
  const pod = (...more: string[]): { spec: Record<string, unknown> & { initContainers: { env: { name: string; value: string }[] }[] } } | undefined => {
    const done = render(t, '--set', 'orphans={data-farol-2}', ...more);
    if (!done) return undefined;
    assert.ok(done.ok, done.said);
    return manifests(done.said).find((it) => it.kind === 'Job')!.spec!.template as never;
  };
  const set = (it: ReturnType<typeof pod>, name: string): string | undefined => it!.spec.initContainers[0]!.env.find((one) => one.name === name)?.value;
  const placed = pod('--set', 'nodeSelector.disk=fast', '--set', 'tolerations[0].operator=Exists', '--set', 'affinity.nodeAffinity.x=y');
  if (!placed) return;
  assert.deepEqual([placed.spec.nodeSelector, placed.spec.tolerations, placed.spec.affinity], [{ disk: 'fast' }, [{ operator: 'Exists' }], { nodeAffinity: { x: 'y' } }]);
  const before = pod('--set', 'queue.type=memory', '--set', 'queue.volume.size=8Gi');
  assert.deepEqual([set(before, 'FAROL_QUEUE__TYPE'), set(before, 'FAROL_QUEUE__MAX_BYTES')], ['disk', String(8 * 2 ** 30)]);
  assert.equal(set(pod('--set', 'queue.maxBytes=3GiB'), 'FAROL_QUEUE__MAX_BYTES'), '3GiB');
});

test('a job that empties a volume reads no source, and collectors do', (t) => {
  const done = render(t, '--set', 'orphans={data-farol-2}');
  if (!done) return;
  assert.ok(done.ok, done.said);
  const args = (kind: string): string[] => {
    const { spec } = manifests(done.said).find((it) => it.kind === kind)!.spec!.template as { spec: { initContainers?: Container[]; containers: Container[] } };
    return [...(spec.initContainers ?? []), ...spec.containers].find((it) => it.name === 'collector')!.args;
  };
  assert.deepEqual(['Job', 'StatefulSet'].map((kind) => args(kind).includes('--no-sources')), [true, false]);
});

test('what must not be the same in two collectors goes by the name of their pod', (t) => {
  const name = 'FAROL_DESTINATIONS__LOKI__STATIC_LABELS__INSTANCE';
  for (const type of ['disk', 'memory']) {
    const done = render(t, '--set', `queue.type=${type},orphans={data-farol-2},env.${name}=$(POD_NAME)`);
    if (!done) return;
    assert.ok(done.ok, done.said);
    const sets = manifests(done.said).filter((it) => ['StatefulSet', 'Deployment', 'Job'].includes(it.kind));
    const pods = sets.map((it) => (it.spec!.template as { spec: { initContainers?: Container[]; containers: Container[] } }).spec);
    const all = pods.flatMap((it) => [...(it.initContainers ?? []), ...it.containers]);
    assert.deepEqual(all.map((it) => it.name).sort(), ['collector', 'collector', 'drain']);
    for (const { env } of all) {
      // Kubernetes puts in what stands before it.
      const [pod, mine] = ['POD_NAME', name].map((it) => env.findIndex((one) => one.name === it));
      assert.ok(pod! >= 0 && pod! < mine!, JSON.stringify(env));
      assert.deepEqual(env[pod!]!.valueFrom, { fieldRef: { fieldPath: 'metadata.name' } });
      assert.equal(env[mine!]!.value, '$(POD_NAME)');
    }
  }
  for (const path of ['docs/operating.md', 'docs/destinations/loki.md', `${CHART}/values.yaml`]) assert.ok(text(path).includes(`${name}: "$(POD_NAME)"`), path);
});

test('each secret has a volume, whose name Kubernetes takes', (t) => {
  const long = `${'a'.repeat(60)}.b`;
  const done = render(t, '--set', `secrets={loki,my.secret,my-secret,${long}}`);
  if (!done) return;
  assert.ok(done.ok, done.said);
  const { spec } = manifests(done.said).find((it) => it.kind === 'StatefulSet')!.spec!.template as { spec: { volumes: { name: string; secret?: { secretName: string } }[]; containers: { volumeMounts: { name: string; mountPath: string }[] }[] } };
  const volumes = spec.volumes.filter((it) => it.secret);
  assert.deepEqual(volumes.map((it) => it.secret!.secretName), ['loki', 'my.secret', 'my-secret', long]);
  assert.equal(new Set(volumes.map((it) => it.name)).size, 4);
  for (const { name, secret } of volumes) {
    assert.match(name, /^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/u);
    assert.equal(spec.containers[0]!.volumeMounts.find((it) => it.name === name)?.mountPath, `/etc/farol/secrets/${secret!.secretName}`);
  }
  assert.equal(volumes[0]!.name, 'secret-loki');
});

test('a volume of yours is there for a collector and for a job that empties a volume, filled before either starts', (t) => {
  const done = render(t, '--values', join(root, GOLDEN[2]!.values));
  if (!done) return;
  assert.ok(done.ok, done.said);
  interface Mounting { name: string; volumeMounts?: { name: string; mountPath: string }[] }
  for (const kind of ['StatefulSet', 'Job']) {
    const { spec } = manifests(done.said).find((it) => it.kind === kind)!.spec!.template as { spec: { volumes: { name: string }[]; initContainers: Mounting[]; containers: Mounting[] } };
    assert.ok(spec.volumes.some((it) => it.name === 'geo'), kind);
    assert.equal(spec.initContainers[0]?.name, 'fetch', kind);
    const collector = [...spec.initContainers, ...spec.containers].find((it) => it.name === 'collector')!;
    assert.equal(collector.volumeMounts!.find((it) => it.name === 'geo')?.mountPath, '/usr/share/geo', kind);
  }
  assert.match(render(t, '--set', 'extraVolumes[0].emptyDir.medium=Memory')!.said, /missing propert(?:y|ies) 'name'/u);
});

test('settings come as they were written, also where the first line is indented', (t) => {
  const settings = '\n    # Ours.\n  version = 1\n\n[[apps]]\n  name = "shop"\n';
  const folder = mkdtempSync(join(tmpdir(), 'farol-indented-'));
  try {
    const file = join(folder, 'farol.toml');
    writeFileSync(file, settings);
    const done = render(t, '--set-file', `settings=${file}`);
    if (!done) return;
    assert.ok(done.ok, done.said);
    assert.equal(manifests(done.said).find((it) => it.data?.['farol.toml'])!.data!['farol.toml'], settings);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('settings may have been written on Windows, and with a comment behind the version', (t) => {
  const settings = '# Ours.\r\nversion = 1\r\n\r\n[[apps]]\r\nname = "shop"\r\n';
  const folder = mkdtempSync(join(tmpdir(), 'farol-written-'));
  try {
    const file = join(folder, 'farol.toml');
    for (const [text, expected] of [[settings, settings.replaceAll('\r', '')], ['version\t= 1# first\n', 'version\t= 1# first\n']] as const) {
      writeFileSync(file, text);
      const done = render(t, '--set-file', `settings=${file}`);
      if (!done) return;
      assert.ok(done.ok, done.said);
      assert.equal(manifests(done.said).find((it) => it.data?.['farol.toml'])!.data!['farol.toml'], expected);
    }
    writeFileSync(file, 'version = 11\n');
    assert.ok(!render(t, '--set-file', `settings=${file}`)!.ok);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the port of operators is reached from its own namespace, or from whom it is opened to', (t) => {
  const from = (...more: string[]): unknown => {
    const done = render(t, ...more);
    if (!done) return undefined;
    assert.ok(done.ok, done.said);
    const policy = manifests(done.said).find((it) => it.kind === 'NetworkPolicy')!;
    const rules = policy.spec!.ingress as { ports: { port: string }[]; from?: unknown }[];
    return rules.filter((it) => it.ports.some((one) => one.port === 'operators')).map((it) => it.from);
  };
  const own = from();
  if (own === undefined) return;
  assert.deepEqual(own, [[{ podSelector: {} }]]);
  assert.deepEqual(from('--set', 'networkPolicy.operatorsFrom[0].namespaceSelector.matchLabels.name=monitoring'), [[{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }]]);
});

test('values are all described, and each has its type', () => {
  const schema = JSON.parse(text(`${CHART}/values.schema.json`)) as { properties: Record<string, { properties?: object }> };
  const values = yaml(`${CHART}/values.yaml`) as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    const known = schema.properties[name];
    assert.ok(known, name);
    if (known.properties) assert.deepEqual(Object.keys(value as object).filter((it) => !(it in known.properties!)), [], name);
  }
  assert.deepEqual(Object.keys(schema.properties).filter((it) => !(it in values)), ['global']);
});

test('settings that the collector takes are taken, and no budget that keeps nodes from being drained', () => {
  const valid = new Ajv({ strict: false }).compile(JSON.parse(text(`${CHART}/values.schema.json`)) as object);
  const values = yaml(`${CHART}/values.yaml`) as Record<string, unknown>;
  assert.ok(valid(values), JSON.stringify(valid.errors));
  for (const settings of ['# Ours.\r\nversion = 1\r\n', 'version\t= 1# first', '  version=1']) assert.ok(valid({ ...values, settings }), settings);
  for (const settings of ['version = 11', 'version = "1"', '# version = 1', 'listen = 1']) assert.ok(!valid({ ...values, settings }), settings);
  const budget = (maxUnavailable: unknown): boolean => valid({ ...values, podDisruptionBudget: { enabled: true, maxUnavailable } });
  assert.deepEqual(['0%', '00%', 0, '1%', '100%', 1].map(budget), [false, false, false, true, true, true]);
});

test('settings are judged by the collector that was built last, in whatever profile', (t) => {
  const target = mkdtempSync(join(tmpdir(), 'farol-target-'));
  t.after(() => rmSync(target, { recursive: true }));
  assert.equal(newest('farol-collector', target), undefined);
  for (const [profile, at] of [['debug', 20], ['release', 10], ['lives', 30]] as const) {
    const path = join(target, profile, 'farol-collector');
    mkdirSync(join(target, profile));
    writeFileSync(path, '');
    utimesSync(path, at, at);
    assert.equal(newest('farol-collector', target), profile === 'release' ? join(target, 'debug/farol-collector') : path);
  }
});

test('the settings of the chart are valid, with the variables that it sets', (t) => {
  const collector = process.env.FAROL_COLLECTOR ?? newest('farol-collector');
  if (collector === undefined) {
    const why = 'no collector is built: cargo build -p farol-collector';
    if (process.env.FAROL_FULL === '1') throw new Error(why);
    t.skip(why);
    return;
  }
  for (const { stands } of GOLDEN) {
    const all = manifests(text(stands));
    const settings = all.find((it) => it.data?.['farol.toml'])!.data!['farol.toml']!;
    const set = all.find((it) => it.kind === 'StatefulSet' || it.kind === 'Deployment')!;
    const spec = (set.spec!.template as { spec: { containers: { env: { name: string; value: string }[] }[]; terminationGracePeriodSeconds: number } }).spec;
    const folder = mkdtempSync(join(tmpdir(), 'farol-settings-'));
    try {
      const file = join(folder, 'farol.toml');
      writeFileSync(file, settings);
      const env: Record<string, string> = Object.fromEntries(spec.containers[0]!.env.map((it) => [it.name, it.value]));
      const done: SpawnSyncReturns<string> = spawnSync(collector, ['print-config'], { encoding: 'utf8', env: { ...env, FAROL_CONFIG: file, FAROL_DATA_DIR: folder } });
      assert.equal(done.status, 0, `${stands}: ${done.stderr}`);
      const stopping = Number(/^(\d+)s$/u.exec(env.FAROL_SHUTDOWN_TIMEOUT!)![1]);
      assert.ok(spec.terminationGracePeriodSeconds > stopping, `${stands}: a pod is given the time to deliver`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

test('each kustomization names what is there, and the image that its manifests have', () => {
  for (const { stands } of GOLDEN.slice(0, 2)) {
    const folder = stands.replace('/farol.yaml', '');
    const kustomization = load(text(`${folder}/kustomization.yaml`)) as { namespace: string; resources: string[]; images: { name: string }[] };
    assert.deepEqual(kustomization.resources, ['farol.yaml']);
    const all = manifests(text(stands));
    for (const it of all) assert.equal(it.metadata.namespace, kustomization.namespace, it.kind);
    assert.ok(text(stands).includes(`image: ${kustomization.images[0]!.name}:`), folder);
  }
});

test('kustomize makes of each folder what stands in it, and of a folder of yours above it what you changed', (t) => {
  const above = mkdtempSync(join(tmpdir(), 'farol-kustomize-'));
  try {
    for (const { stands } of GOLDEN.slice(0, 2)) {
      const folder = join(root, stands.replace('/farol.yaml', ''));
      const made = tool(t, 'kustomize', 'build', folder);
      if (!made) return;
      assert.ok(made.ok, made.said);
      const sorted = (all: Manifest[]): Manifest[] => [...all].sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`));
      assert.deepEqual(sorted(manifests(made.said)), sorted(manifests(text(stands))));
      writeFileSync(join(above, 'kustomization.yaml'), JSON.stringify({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        namespace: 'rum',
        resources: [relative(above, folder)],
        images: [{ name: 'farol-collector', newName: 'registry.example/farol-collector', newTag: '9.9.9' }],
        patches: [{ target: { kind: 'ConfigMap', name: 'farol' }, patch: JSON.stringify([{ op: 'replace', path: '/data', value: { 'farol.toml': 'version = 1' } }]) }],
      }));
      const mine = tool(t, 'kustomize', 'build', above)!;
      assert.ok(mine.ok, mine.said);
      const all = manifests(mine.said);
      for (const it of all) assert.equal(it.metadata.namespace, 'rum', it.kind);
      assert.deepEqual([...mine.said.matchAll(/image: (\S+)/gu)].map((match) => match[1]), ['registry.example/farol-collector:9.9.9']);
      assert.deepEqual(all.find((it) => it.kind === 'ConfigMap')?.data, { 'farol.toml': 'version = 1' });
    }
  } finally {
    rmSync(above, { recursive: true });
  }
});

test('only a queue in memory scales by itself, and a queue on disk has its volume', () => {
  const [disk, memory, everything] = GOLDEN.map(({ stands }) => manifests(text(stands)));
  const kinds = (all: Manifest[]): string[] => all.map((it) => it.kind);
  assert.ok(kinds(disk!).includes('StatefulSet') && !kinds(disk!).includes('HorizontalPodAutoscaler'));
  assert.ok(kinds(memory!).includes('Deployment') && kinds(memory!).includes('HorizontalPodAutoscaler'));
  const set = disk!.find((it) => it.kind === 'StatefulSet')!;
  assert.equal(set.spec!.replicas, 2);
  assert.equal((set.spec!.volumeClaimTemplates as unknown[]).length, 1);
  for (const kind of ['Job', 'Ingress', 'ServiceMonitor', 'NetworkPolicy', 'PodDisruptionBudget']) assert.ok(kinds(everything!).includes(kind), kind);
});
