// What each part of farol.js costs, as JSON lines {part, raw}: the adapters by esbuild's own account, the core by the sizes of its
// functions, named as they are before the names are stripped. Given to node by --eval, so that arguments begin at 1.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, root] = process.argv;
const { build } = createRequire(join(root, 'npm/web/package.json'))('esbuild');

const parts = new Map();
const add = (part, raw) => parts.set(part, (parts.get(part) ?? 0) + raw);

const { metafile } = await build({
  entryPoints: [join(root, 'npm/web/src/script.ts')], absWorkingDir: join(root, 'npm/web'), bundle: true, minify: true, metafile: true, write: false, format: 'iife',
  target: ['chrome90', 'firefox90', 'safari15.1'], mangleProps: /[a-z]_$/, logLevel: 'silent', supported: { 'optional-chain': true },
});
for (const [path, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
  if (/core-wasm/.test(path)) continue;
  const part = /^gen\//.test(path) ? 'glue' : path.replace(/^src\//, '').replace(/\.ts$/, '').replace(/^(send|observe)\/.*/, (whole, folder) => (folder === 'send' ? 'send/' : whole));
  add(`TypeScript: ${part}`, bytesInOutput);
}

const named = join(root, 'target/sdk/named.wasm');
execFileSync(process.execPath, [join(root, 'node_modules/binaryen/bin/wasm-opt'), '-Oz', '--converge', '--one-caller-inline-max-function-size=200', '-g', '--enable-bulk-memory', '--enable-sign-ext',
  '--enable-nontrapping-float-to-int', '--enable-mutable-globals', join(root, 'target/sdk/bound.wasm'), '-o', named]);
const bytes = readFileSync(named);
let at = 8;
const leb = () => {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
};
const text = () => {
  const length = leb();
  at += length;
  return bytes.toString('utf8', at - length, at);
};
const names = new Map();
const sizes = [];
let imported = 0;
let data = 0;
while (at < bytes.length) {
  const id = bytes[at++];
  const end = leb() + at;
  if (id === 2) {
    // Every import of the core is a function: module, name, kind, type.
    for (let count = leb(); count > 0; count--, imported++) {
      text();
      text();
      at++;
      leb();
    }
  } else if (id === 10) {
    for (let count = leb(); count > 0; count--) {
      const size = leb();
      sizes.push(size);
      at += size;
    }
  } else if (id === 11) {
    data = end - at;
  } else if (id === 0 && text() === 'name') {
    while (at < end) {
      const kind = bytes[at++];
      const stop = leb() + at;
      if (kind === 1) for (let count = leb(); count > 0; count--) names.set(leb(), text());
      at = stop;
    }
  }
  at = end;
}
sizes.forEach((size, index) => {
  const name = names.get(imported + index) ?? '';
  // `<farol_sdk::vitals::Vitals as core::…>::f` and `farol_sdk::vitals::lcp::Lcp::f` are both of the first path named.
  const ours = /farol_(?:sdk|protocol)::(\w+)(?:::(\w+))?/.exec(name);
  // What is called from one place only stands in the one export.
  const part = name === 'put' ? 'put (the export, with what was inlined into it)' : ours ? (/^[a-z_]+$/.test(ours[2] ?? '') && ours[1] === 'vitals' ? `${ours[1]}/${ours[2]}` : ours[1]) : 'standard library, allocator';
  add(`Rust: ${part}`, size);
});
add('Rust: texts and tables', data);

for (const [part, raw] of parts) console.log(JSON.stringify({ part, raw }));
