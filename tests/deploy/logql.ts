/** What a LogQL expression names: labels and structured metadata, of which each is an attribute of ours with underscores for dots. */
import { text } from './files.js';

const NAMES = [...text('protocol/src/names.rs').matchAll(/&str = "([\w.]+)"/gu)].map((match) => match[1]!);
const ATTRIBUTES = new Set(NAMES.filter((name) => !name.endsWith('.')).map((name) => name.replaceAll('.', '_')));
/** Attributes whose rest comes from the SDK: a vital's attribution, a page's own. */
const PREFIXES = NAMES.filter((name) => name.endsWith('.')).map((name) => name.replaceAll('.', '_'));
/** What the `loki` destination names beside them (docs/destinations/loki.md). */
const OF_LOKI = ['kind', 'event_name', 'timestamp'];
/** What Loki says itself of a line that it could not work with. */
const OF_LOGQL = ['__error__'];
/** What Loki's own OTLP receiver names, by which backends send. */
const OF_OTLP = ['severity_text'];

/** The parts of attributions that boards show, as the SDK's state machines name them. */
const SDK = ['lcp', 'inp', 'cls'].map((vital) => text(`sdk-wasm/src/vitals/${vital}.rs`)).join('\n');

const exists = (name: string): boolean => {
  if (ATTRIBUTES.has(name) || OF_LOKI.includes(name) || OF_OTLP.includes(name) || OF_LOGQL.includes(name)) return true;
  const prefix = PREFIXES.find((it) => name.startsWith(it));
  return prefix !== undefined && (prefix !== 'farol_web_vital_' || SDK.includes(`"${name.slice(prefix.length)}"`));
};

/** What it names that does not exist. */
export const findings = (expression: string): string[] => {
  const made = new Set([...expression.matchAll(/label_format (\w+)=/gu)].map((match) => match[1]!));
  const named = [
    ...[...expression.matchAll(/(\w+) *(?:=~|!~|!=|=) *"/gu)].map((match) => match[1]!),
    ...[...expression.matchAll(/unwrap (\w+)/gu)].map((match) => match[1]!),
    ...[...expression.matchAll(/\{\{[^}]*?(?<=[\s{])\.(\w+)/gu)].map((match) => match[1]!),
    ...[...expression.matchAll(/\b(?:by|on) \(([\w, ]+)\)/gu)].flatMap((match) => match[1]!.split(/, */u)),
  ];
  const events = [...expression.matchAll(/event_name=~?"([^"]*)"/gu)].map((match) => match[1]!.replace(/\.\+$/u, ''));
  // A value that is no number fails the whole query, for all apps, unless it is left out.
  const unguarded = [...expression.matchAll(/unwrap (\w+)(?! \| __error__="")\b/gu)].map((match) => match[1]!);
  return [
    ...unguarded.map((name) => `one ${name} that is no number fails it: | __error__="" behind it`),
    ...named.filter((name) => !made.has(name) && !exists(name)).map((name) => `there is no attribute ${name}`),
    ...events.filter((name) => !NAMES.includes(name) && !NAMES.includes(`${name}.`)).map((name) => `there is no event ${name}`),
  ];
};
