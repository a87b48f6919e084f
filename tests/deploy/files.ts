/** Where things lie, and the rules as they are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const prometheus = join(root, 'deploy/prometheus');

export const text = (path: string): string => readFileSync(join(root, path), 'utf8');
/** With merge keys, which compose files have. */
const schema = CORE_SCHEMA.withTags(mergeTag);
export const yaml = (path: string): unknown => load(text(path), { schema });
export const list = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(end)).sort().map((name) => `${folder}/${name}`);

export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

export const rulesOf = (path: string): Rule[] => (yaml(path) as RuleFile).groups.flatMap((group) => group.rules);

/** Every rule for Prometheus. */
export const rules = (): Rule[] => list('deploy/prometheus/rules', '.yml').flatMap(rulesOf);
