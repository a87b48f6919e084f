/** An order's trace, from the click to the worker's statement: what of it is missing or stands in the wrong place. */

export interface Span {
  name: string;
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, unknown>;
}

/** What a driven browser's order must have left; `backend` is the name of its folder. Empty when all is one tree. */
export function missing(all: Span[], trace: string, backend: string): string[] {
  const spans = all.filter((span) => span.traceId === trace);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const found: string[] = [];
  const above = (span: Span | undefined): Span[] => {
    const parent = span && byId.get(span.parentSpanId);
    return parent ? [parent, ...above(parent)] : [];
  };
  /** The one span that is so, somewhere below another. */
  const below = (what: string, top: Span | undefined, is: (span: Span) => boolean, direct = false): Span | undefined => {
    const right = spans.filter((span) => is(span) && top !== undefined && (direct ? span.parentSpanId === top.spanId : above(span).includes(top)));
    if (right.length === 0) found.push(`${what}${top ? `, below ${top.name}` : ''}`);
    return right[0];
  };
  const statement = (word: string) => (span: Span): boolean =>
    (span.attributes['db.system.name'] ?? span.attributes['db.system']) === 'postgresql' && String(span.attributes['db.query.text'] ?? span.attributes['db.statement'] ?? '').startsWith(word);

  const [click, ...others] = spans.filter((span) => span.parentSpanId === '');
  if (click === undefined || others.length > 0 || !/^(?:click|submit) /u.test(click.name)) found.push(`one root, what the visitor did; there are ${[click, ...others].map((span) => span?.name).join(', ')}`);
  const request = below("the browser's request", click, (span) => String(span.attributes['url.full'] ?? '').endsWith('/api/checkout'));
  const server = below("the backend's span", request, (span) => span.service === `shop-${backend}` && /\/api\/checkout/u.test(span.name), true);
  below('the query of prices', below('price cart', server, (span) => span.name === 'price cart', true), statement('SELECT'));
  below('the insert of the order', below('reserve stock', server, (span) => span.name === 'reserve stock', true), statement('INSERT'));
  below('charge card', server, (span) => span.name === 'charge card', true);
  const sent = below('send orders', server, (span) => span.name === 'send orders', true);
  const packed = below("the worker's span", sent, (span) => span.name === 'process orders' && span.service === `shop-${backend}-worker`, true);
  below('the update of the order', packed, statement('UPDATE'));
  for (const span of spans) if (span.parentSpanId !== '' && !byId.has(span.parentSpanId)) found.push(`the parent of ${span.service}: ${span.name}`);
  return found;
}

/** A trace as people read it. */
export function drawn(spans: Span[], parent = '', depth = 0): string {
  return spans
    .filter((span) => span.parentSpanId === parent)
    .map((span) => `${'  '.repeat(depth)}${span.service}: ${span.name}\n${drawn(spans, span.spanId, depth + 1)}`)
    .join('');
}
