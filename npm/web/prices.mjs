// What the parts of the SDK's TypeScript weigh in farol.js and in farol-more.js: built with and without each, brotli 11, the core left out of it.
// `node prices.mjs` prints the table of docs/sdk.md; with `--write` it renews it, and the prices of the options; with `--check` it fails where that table is not true.
import { build } from 'esbuild';
import { minify } from 'terser';
import { brotliCompressSync, constants } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';

/** Part → files that are replaced by functions that do nothing, or edits of files. */
const PARTS = {
  'capture.vitals': { stub: ['observe/vitals.ts', 'observe/selector.ts'] },
  'capture.errors': { stub: ['observe/errors.ts'] },
  'capture.fetch': { stub: ['observe/fetch.ts'] },
  'capture.xhr': { stub: ['observe/xhr.ts'] },
  'capture.navigation': { stub: ['observe/navigation.ts'] },
  'routes': { edit: ['observe/navigation.ts', /routes && safe\(\(\) => \{[\s\S]*?\n\}\);/, 'undefined;'] },
  'beforeSend': { edit: ['client.ts', /else if \(signal == Signal\.Hook\) \{[\s\S]*?\n      \}\n/, ''] },
  'ignoreErrors, denyUrls': { edit: ['client.ts', /else if \(signal == Signal\.Filter\).*\n/, ''] },
  'propagateTo': { edit: ['observe/request.ts', / \|\| sdk\.options_\.propagateTo\?\..*?href\)\)/, ''] },
  'baggage': { edit: ['observe/request.ts', 'members && goes && sdk.granted_() ? baggage(members) : ', ''] },
  'protocol: faro': { edit: ['send/sender.ts', "protocol == 'faro'", 'false'] },
  'unsampledHeader': { edit: ['client.ts', "(on || options.unsampledHeader) ? '00-' + trace + '-' + span + (on ? '-01' : '-00')", "on ? '00-' + trace + '-' + span + '-01'"] },
  'consent': { edit: ['client.ts', /setConsent\(next\) \{[\s\S]*?\n    \},\n/, 'setConsent() {},\n'] },
  'session.storage': { edit: ['client.ts', /options\.session\?\.storage === '(visitor|none)'/g, 'false'] },
  'onDiagnostic': { edit: ['client.ts', /'internal item-cut.*'/, "''"] },
  'transport': { edit: ['send/sender.ts', 'transport ? transport({ url, body, headers, id: batch.id_, attempt, hidden }) : ', ''] },
  'core': { edit: ['load.ts', /else if \(typeof given == 'function'\).*\n/, ''] },
  'coreDelayMs': { edit: ['client.ts', 'options.coreDelayMs ? later(open, options.coreDelayMs) : ', ''] },
  'spans (`startSpan`, `withSpan`)': { stub: ['spans.ts'] },
  'delivery and retries': { stub: ['send/sender.ts', 'send/retry.ts'] },
  'the check of options': { stub: ['options.ts'] },
  'browser and system': { stub: ['meta.ts'] },
  'script tag and queue': { entry: 'src/index.ts' },
  'features: what brings the second file': { stub: ['features.ts'] },
};

/** The same for the files beyond the first: a part here is a file of more/, or what of one is taken away. */
const FILES = {
  more: { 'names of options': { stub: ['more/known.ts'] }, 'outbox': { stub: ['more/outbox.ts', 'more/later.ts', 'more/split.ts'] }, 'remoteConfig': { stub: ['more/config.ts'] }, 'capture.actions, .frustration': { stub: ['more/actions.ts', 'more/action.ts'] }, 'capture.clicks': { stub: ['more/clicks.ts'] }, 'capture.frames': { stub: ['more/frames.ts'] }, 'duplicated tabs': { stub: ['more/here.ts'] }, 'capture.loads': { stub: ['more/loads.ts', 'more/party.ts'] }, 'capture.reports': { stub: ['more/reports.ts'] }, 'selfReport': { stub: ['more/self.ts'] } },
  extra: { 'capture.console': { stub: ['more/console.ts', 'more/print.ts'] }, 'capture.forms': { stub: ['more/forms.ts'] }, 'capture.resources, .load, .userTiming, .memory': { stub: ['more/timings.ts'] } },
};

const common = { bundle: true, minify: true, target: ['chrome90'], mangleProps: /[a-z]_$/, supported: { 'optional-chain': true }, write: false, format: 'esm', external: ['../gen/*', './more.js', './extra.js'], logLevel: 'error' };

const brotli = (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

async function size({ stub = [], edit, entry = 'src/script.ts' }) {
  const plugin = {
    name: 'without',
    setup: (b) => b.onLoad({ filter: /src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (edit && path.endsWith(edit[0])) {
        const contents = text.replace(edit[1], edit[2]);
        if (contents == text) throw new Error(`${edit[0]} has no ${edit[1]} any more`);
        return { loader: 'ts', contents };
      }
      if (!stub.some((file) => path.endsWith(`/src/${file}`))) return undefined;
      const names = [...text.matchAll(/export (?:function|const) (\w+)/g)].map(([, name]) => `export const ${name}: any = () => {};`);
      return { loader: 'ts', contents: names.join('\n') };
    }),
  };
  const { outputFiles: [{ text }] } = await build({ ...common, entryPoints: [entry], plugins: [plugin] });
  const { code } = await minify(text, { module: true, toplevel: true, ecma: 2020, compress: { passes: 3, pure_getters: true, keep_fargs: false, unsafe_arrows: true }, format: { comments: false } });
  return brotli(code);
}

const rows = ['| part | bytes |', '|---|--:|'];
/** The last cell of an option's row in docs/sdk.md. */
const cells = {};
for (const [file, mark, parts] of [['script', '', PARTS], ['more', '+', FILES.more], ['extra', '++', FILES.extra]]) {
  const entry = `src/${file}.ts`;
  const whole = await size({ entry });
  for (const [part, without] of Object.entries(parts)) {
    const bytes = whole - (await size({ entry, ...without }));
    rows.push(`| ${part} | ${bytes} |`);
    cells[part.split(/[:,] /)[0]] = mark + bytes;
  }
  rows.push(`| **all of ${file == 'script' ? 'the TypeScript' : `farol-${file}.js`}** | **${whole}** |`);
}
const table = rows.join('\n') + '\n';
const file = new URL('../../docs/sdk.md', import.meta.url);
const before = readFileSync(file, 'utf8');
const mark = /(<!-- prices -->\n)((?:\|.*\n)+)/;
const [, , told] = mark.exec(before) ?? [];
if (!told) throw new Error('docs/sdk.md has no table of prices');

/** How far a figure may be off: as in docs/size.md, and of a small part what brotli finds by chance, which moves by some 40 bytes with any change of a file. */
const off = (bytes) => Math.max(64, Math.abs(bytes) * 0.02);
const figures = (table) => new Map([...table.matchAll(/^\| (.+) \| \**(-?\d+)\** \|$/gm)].map(([, part, bytes]) => [part, Number(bytes)]));

if (process.argv[2] == '--check') {
  const [is, says] = [figures(table), figures(told)];
  const wrong = [...new Set([...is.keys(), ...says.keys()])].filter((part) => !(Math.abs(is.get(part) - says.get(part)) <= off(is.get(part))));
  for (const part of wrong) console.error(`docs/sdk.md: ${part} weighs ${is.get(part)} bytes, and is said to weigh ${says.get(part)}: run \`node prices.mjs --write\` in npm/web`);
  if (wrong.length) process.exitCode = 1;
} else if (process.argv[2] == '--write') {
  const text = before.replace(mark, (_, mark) => mark + table);
  writeFileSync(file, text.replace(/^(\| `([\w.]+)`[^|]*\|.*\| )(?:\+*-?\d+|–) \|$/gm, (_, head, name) => `${head}${cells[name] ?? '–'} |`));
} else console.log(table);
