// The peer: Faro with its own instrumentations and tracing, set up as its documentation says; console and resource timing are
// left out because Farol's default does not send those kinds either.
import { FetchTransport, getWebInstrumentations, initializeFaro } from '@grafana/faro-web-sdk';
import { TracingInstrumentation } from '@grafana/faro-web-tracing';

(globalThis as Record<string, unknown>)['bench'] = {
  start(url: string, gzip?: boolean) {
    return initializeFaro({
      transports: [new FetchTransport({ url: `${url}/collect`, requestCompression: !!gzip })],
      app: { name: 'bench', version: '1.0.0', environment: 'bench' },
      instrumentations: [
        ...getWebInstrumentations({ captureConsole: false, enablePerformanceInstrumentation: false }),
        new TracingInstrumentation(),
      ],
    });
  },
  event(client: ReturnType<typeof initializeFaro>, name: string, attributes: Record<string, string>) {
    client.api.pushEvent(name, attributes);
  },
  end() {},
};
