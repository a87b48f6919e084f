// Farol with its defaults, through the file that a script tag loads.
declare const Farol: typeof import('@farol/web');

(globalThis as Record<string, unknown>)['bench'] = {
  // The first file is in the page itself, so that it has no neighbours.
  start: (url: string) => Farol.init({ url, base: '/', app: { name: 'bench', version: '1.0.0', environment: 'bench' } }),
  event(client: import('@farol/web').Client, name: string, attributes: Record<string, string>) {
    client.event(name, attributes);
  },
  // Faro sends within 250 ms; our batches are told to go, so that both are done when the clock stops.
  end: (client: import('@farol/web').Client) => client.flush(),
};
