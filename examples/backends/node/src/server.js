// The API's process: the stores made ready, a socket, and a line that says where.
import { app } from './api.js';
import { prepare } from './stores.js';

await prepare();
const server = app.listen(Number(process.env.PORT ?? 8090), process.env.HOST ?? '127.0.0.1', (error) => {
  if (error) throw error;
  const { address, port } = server.address();
  console.log(`farol-shop-node ready on http://${address}:${port}`);
});
