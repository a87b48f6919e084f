/** What a PromQL expression names: its metrics with their matchers, and the labels that it groups and joins by. A reader of words, no
 * parser: whether the expression is right is promtool's to say. */

export interface Matcher {
  label: string;
  op: string;
  value: string;
}

export interface Used {
  metrics: { name: string; matchers: Matcher[] }[];
  groupings: string[];
}

const TOKEN = /(?<space>\s+|#[^\n]*)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<variable>\$\w+|\$\{[^}]*\})|(?<number>\d[\w.]*)|(?<word>[a-zA-Z_:][\w:]*)|(?<sign>=~|!~|!=|==|.)/gsu;
const LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORDS = new Set([
  ...['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'start', 'end'],
  ...['sum', 'count', 'min', 'max', 'avg', 'group', 'topk', 'bottomk', 'quantile', 'stddev', 'stdvar', 'count_values'],
]);

interface Token {
  kind: string;
  text: string;
}

const tokens = (expression: string): Token[] => {
  const found: Token[] = [];
  for (const match of expression.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups ?? {}).find(([, it]) => it !== undefined)?.[0] ?? 'sign';
    if (kind !== 'space') found.push({ kind, text: match[0] });
  }
  return found;
};

export const used = (expression: string): Used => {
  const all = tokens(expression);
  const result: Used = { metrics: [], groupings: [] };
  const until = (at: number, end: string): number => {
    const found = all.findIndex((token, index) => index > at && token.text === end);
    return found < 0 ? all.length : found;
  };
  for (let at = 0; at < all.length; at += 1) {
    const token = all[at]!;
    const next = all[at + 1]?.text;
    if (token.text === '[') {
      at = until(at, ']');
    } else if (token.kind !== 'word') {
      if (token.text === '{') throw new Error(`a selector without a name: ${expression}`);
    } else if (LISTS.has(token.text) && next === '(') {
      const end = until(at, ')');
      result.groupings.push(...all.slice(at + 2, end).filter((it) => it.kind === 'word').map((it) => it.text));
      at = end;
    } else if (next === '{') {
      const end = until(at, '}');
      result.metrics.push({ name: token.text, matchers: matchers(all.slice(at + 2, end)) });
      at = end;
    } else if (next !== '(' && !WORDS.has(token.text.toLowerCase())) {
      result.metrics.push({ name: token.text, matchers: [] });
    }
  }
  return result;
};

const matchers = (inner: Token[]): Matcher[] => {
  const found: Matcher[] = [];
  for (let at = 0; at + 2 < inner.length; at += 1) {
    const [label, op, value] = inner.slice(at, at + 3);
    if (label?.kind === 'word' && op?.kind === 'sign' && value?.kind === 'text') {
      found.push({ label: label.text, op: op.text, value: value.text.slice(1, -1) });
    }
  }
  return found;
};
