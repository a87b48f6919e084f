// Farol with its defaults, through the file that a script tag loads.
declare const Farol: typeof import('@farol/web');

(globalThis as Record<string, unknown>)['bench'] = {
  start: (url: string) => Farol.init({ url, app: { name: 'bench', version: '1.0.0', environment: 'bench' } }),
  event(client: import('@farol/web').Client, name: string, attributes: Record<string, string>) {
    client.event(name, attributes);
  },
};
