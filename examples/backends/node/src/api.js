// The API that examples/spa/backend has, in reading order.
import { trace } from '@opentelemetry/api';
import express from 'express';
import { price, product, shelf } from './catalogue.js';
import { log } from './log.js';
import { publish } from './orders.js';
import { Problem } from './problem.js';
import { pool } from './stores.js';
import { step, traced } from './trace.js';

const DEFAULT_DELAY = 1_500;
/** The longest that a request can be made to wait. */
const MAX_DELAY = 10_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const api = express.Router();
api.use(traced);

api.get('/products', async (_, { locals }) => locals.answer({ products: await step('read shelf', shelf) }));

api.get('/products/:id', async ({ params }, { locals }) => {
  const found = await product(params.id);
  if (!found) throw new Problem(404, 'no_such_product', 'nothing on the shelf has that name');
  locals.answer(found);
});

// The body is read as text: a parser's own refusal would be a page without ids.
const text = express.text({ type: () => true, limit: '64kb' });

api.post('/cart', text, async ({ body }, { locals }) => locals.answer((await price(body)).price));

api.post('/checkout', text, async ({ body }, { locals }) => {
  const cart = await step('price cart', () => price(body));
  // The trace's own id ties the order to its trace.
  const number = `KS-${locals.ids.traceId.slice(0, 8).toUpperCase()}`;
  await step('reserve stock', () =>
    pool.query('INSERT INTO orders (number, total, lines) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING', [number, cart.price.total, JSON.stringify(cart.lines)]));
  await step('charge card', () => sleep(60));
  await publish(number);
  log('info', 'order placed', { 'order.number': number, 'order.total': cart.price.total });
  locals.answer({ number, ...cart.price });
});

api.all('/trace', (_, { locals }) => locals.answer({}));

// The database waits, so that there is a slow query to be found.
api.get('/slow', async ({ query }, { locals }) => {
  const waited = Math.min(Number.parseInt(query.ms ?? DEFAULT_DELAY, 10) || 0, MAX_DELAY);
  await step('wait for the tide', () => pool.query('SELECT pg_sleep($1)', [waited / 1000]));
  locals.answer({ waited });
});

api.all('/fail', () => {
  throw new Problem(500, 'lamp_out', 'the lamp went out');
});

let attempts = 0;
api.get('/flaky', (_, response) => {
  const attempt = attempts++;
  if (attempt % 2 === 1) return response.locals.answer({ attempt });
  response.set('retry-after', '1');
  throw new Problem(503, 'fog', 'try again in a moment');
});

api.use(() => {
  throw new Problem(404, 'not_found', 'there is no such part of the API');
});

// Express knows an error handler by its four arguments.
api.use((error, _request, { locals }, _next) => {
  const { status, code, message } = error instanceof Problem ? error : new Problem(500, 'internal', 'something broke here');
  if (status >= 500) {
    const span = trace.getActiveSpan();
    span?.setAttribute('error.type', code);
    if (!(error instanceof Problem)) span?.recordException(error);
    log('error', message, { 'error.type': code });
  }
  locals.answer({ error: code, message }, status);
});

export const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/health', async (_, response) => response.json({ orders: (await pool.query('SELECT count(*)::int AS n FROM orders')).rows[0].n }));
app.use('/api', api);
