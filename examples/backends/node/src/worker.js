// The worker's process: packs what was ordered, one order after the other.
import { log } from './log.js';
import { take } from './orders.js';
import { connect, pool, prepare } from './stores.js';

await prepare();
// Waiting blocks a connection, so it has one of its own.
const queue = connect();
console.log('farol-shop-node worker ready');
for (;;) {
  try {
    await take(queue, async (number) => {
      await pool.query('UPDATE orders SET packed_at = now() WHERE number = $1', [number]);
      log('info', 'order packed', { 'order.number': number });
    });
  } catch (error) {
    log('warn', 'an order was not packed', { 'error.type': error.code ?? error.name });
    await new Promise((done) => setTimeout(done, 1000));
  }
}
