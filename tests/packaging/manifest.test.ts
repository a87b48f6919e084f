/** What the package says of itself is right, and what it offers changes by intent alone. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pack, root, type Packed } from './packed.js';

const SNAPSHOT = new URL('api.snapshot.txt', import.meta.url);
const require = createRequire(import.meta.url);

let packed: Packed;

before(async () => {
  packed = await pack();
});
after(() => packed?.remove());

test('publint has nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.installed, level: 'suggestion', strict: true, pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg!)), []);
});

/** The package is ES modules alone, as that tool's own profile `esm-only` has it: these ways to resolve expect others. */
const OTHER_WAYS = ['node10', 'node16-cjs'];
test('nothing offers an address from which the script tag cannot find its other files', async () => {
  const manifest = JSON.parse(await readFile(join(packed.installed, 'package.json'), 'utf8')) as object;
  assert.deepEqual(['unpkg', 'jsdelivr', 'browser'].filter((name) => name in manifest), []);
});

test('what browsers of 2020 are given they can read', async () => {
  const { parse } = createRequire(require.resolve('webpack'))('acorn') as { parse(text: string, how: object): unknown };
  const dist = join(packed.installed, 'dist');
  for (const name of await readdir(dist)) {
    if (name.endsWith('.js')) {
      const text = await readFile(join(dist, name), 'utf8');
      assert.doesNotThrow(() => parse(text, { ecmaVersion: 2020, sourceType: 'module' }), name);
    }
  }
});

test('are-the-types-wrong finds none that is', async () => {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(packed.tarball))));
  assert.ok(result.types, 'there are types');
  // Older projects resolve as `node10` does, and bundle: what runs their bundler finds, and the types are found, too.
  for (const [name, { resolutions }] of Object.entries(result.entrypoints)) {
    if (/json$|farol-/.test(name)) continue;
    const found = resolutions.node10.resolution;
    assert.ok(found?.isTypeScript, `${name} has no types where moduleResolution is node`);
    assert.equal(found.fileName, resolutions.bundler.resolution?.fileName, name);
  }
  const problems = result.problems.filter(
    (problem) => !('resolutionKind' in problem && OTHER_WAYS.includes(problem.resolutionKind)),
  );
  assert.deepEqual(problems, []);
});

/** The declarations that users see, by file. */
async function declarations(): Promise<[name: string, text: string][]> {
  const dist = join(packed.installed, 'dist');
  const names = (await readdir(dist)).filter((name) => name.endsWith('.d.ts')).sort();
  return Promise.all(names.map(async (name) => [name, await readFile(join(dist, name), 'utf8')] as [string, string]));
}

test('the public API is the one that is written down', async () => {
  const text = (await declarations())
    .map(([name, text]) => `// ${name}\n${text.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '').replace(/^\s*\n/gm, '')}`)
    .join('\n');
  if (process.env['FAROL_BLESS']) await writeFile(SNAPSHOT, text);
  assert.equal(text, await readFile(SNAPSHOT, 'utf8'), 'if it is meant: FAROL_BLESS=1 writes it anew, and CHANGELOG.md tells it');
});

test('each export says what it is', async () => {
  for (const [name, text] of await declarations()) {
    const lines = text.split('\n');
    lines.forEach((line, at) => {
      if (/^export (declare )?(const|function|interface|type|class) \w/.test(line)) assert.match(lines[at - 1] ?? '', /\*\/$/, `${name}: ${line}`);
    });
  }
});

test('the README that npm shows has each entry', async () => {
  const readme = await readFile(join(packed.installed, 'README.md'), 'utf8');
  const { exports } = JSON.parse(await readFile(join(packed.installed, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
  const missing = Object.keys(exports).filter((name) => !/[*]|json$/.test(name) && !readme.includes(`\`${name.replace('.', '@farol/web')}\``));
  assert.deepEqual(missing, []);
});

test('docs/sdk.md has each option, each thing that is captured and each method', async () => {
  const docs = await readFile(join(root, 'docs/sdk.md'), 'utf8');
  const types = (await declarations()).find(([name]) => name === 'types.d.ts')![1];
  const members = (name: string): string[] => {
    const body = new RegExp(`export interface ${name} \\{\\n([^]*?)\\n\\}`).exec(types)![1]!;
    return [...body.matchAll(/^ {4}(\w+)\??[(:<]/gm)].map(([, member]) => member!);
  };
  const missing = [
    ...members('Options').filter((name) => !docs.includes(`\`${name}\``) && !docs.includes(`\`${name}.`)),
    ...members('Capture').filter((name) => !docs.includes(`\`capture.${name}\``)),
    ...members('Client').filter((name) => !docs.includes(`\`${name}(`)),
  ];
  assert.deepEqual(missing, []);
  assert.ok(members('Options').length > 20 && members('Client').length > 15, 'they were found');
});

/** What users write, right and wrong: where an error is expected and none comes, that is one. */
const USE = `
import { init, type Client, type Options, type Span } from '@farol/web';
import { instantiate } from '@farol/web/no-wasm';
import { init as lean } from '@farol/web/lean';
import { actions, loads } from '@farol/web/more';
import { createTestTransport } from '@farol/web/testing';
const options: Options = { url: 'https://c.example', features: [actions, loads], core: { instantiate }, capture: { frames: 100, reports: ['deprecation'] } };
const client: Client = init({ ...options, transport: createTestTransport().transport, beforeSend: (item) => (item.kind === 'log' ? null : item) });
const n: number = client.withSpan('n', (span: Span) => span.traceId.length);
const later: Promise<string> = client.withSpan('s', async () => 'x');
client.log('m', { level: 'warn', attributes: { n, flag: true, none: undefined } });
void later;
// As other tools give it: lists that are only read, what may be missing, what has the type of an interface.
const lists = { propagateTo: ['https://a.example'], ignoreErrors: [/x/], routes: ['/', ['/a/:id', 'a']], features: [actions] } as const;
const may = { view: undefined as string | undefined, onDiagnostic: undefined as (() => void) | undefined };
init({ url: '', ...lists, ...may, session: { idleMs: undefined }, capture: { console: ['error'] as const } });
interface Order { id: string; total: number }
const order: Order = { id: '1', total: 2 };
client.event('order_placed', { ...order });
Farol.event('e', { n });
lean({ url: '', features: [loads] });
// @ts-expect-error it brings none by itself
lean({ url: '' });
// As docs/privacy.md has it.
const clean = (text: unknown) => String(text).replace(/[^\\s"]+@[^\\s"]+/g, '(mail)');
init({
  url: '',
  beforeSend(item) {
    if (item.kind === 'log') item.message = clean(item.message);
    if (item.kind === 'exception') {
      item.value = clean(item.value);
      for (const cause of item.causes || []) cause.value = clean(cause.value);
      if (item.context?.cause) item.context.cause = clean(item.context.cause);
    }
    if (item.kind === 'event' && item.attributes) delete item.attributes.mail;
    return item;
  },
});
// What it did to the item holds.
init({ url: '', beforeSend: (item) => { delete item.context; } });
init({ url: '', beforeSend(item) { if (item.kind === 'span') return null; } });
Farol.q.push(['event', 'e']);
const other: Client = Farol.init(options);
void other;
// @ts-expect-error the global has no such method
Farol.everything();
// @ts-expect-error the address is needed
init({});
// @ts-expect-error no such level
client.log('m', { level: 'loud' });
// @ts-expect-error attributes are flat
client.event('e', { deep: { er: 1 } });
// @ts-expect-error no such capture
init({ url: '', capture: { everything: true } });
// @ts-expect-error a promise is no answer
init({ url: '', beforeSend: async (item) => item });
// @ts-expect-error measurements are numbers
client.measure('m', { n: '1' });
`;

for (const [module, moduleResolution] of [['ESNext', 'bundler'], ['NodeNext', 'NodeNext']] as const) {
  test(`right use compiles and wrong use does not, with moduleResolution ${moduleResolution}`, async () => {
    await writeFile(join(packed.folder, 'use.ts'), USE);
    const config = { compilerOptions: { strict: true, noEmit: true, target: 'ES2022', module, moduleResolution, lib: ['ES2022', 'DOM'], types: ['@farol/web/farol.js'], exactOptionalPropertyTypes: true }, files: ['use.ts'] };
    const project = join(packed.folder, `tsconfig.${moduleResolution}.json`);
    await writeFile(project, JSON.stringify(config));
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });
  });
}
