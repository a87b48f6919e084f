/** A page that uses the Faro SDK as its documentation says, with Farol's collector as its receiver. */
import { getWebInstrumentations, initializeFaro, LogLevel } from '@grafana/faro-web-sdk';
import { TracingInstrumentation } from '@grafana/faro-web-tracing';

declare global {
  interface Window {
    playFaro(url: string): Promise<void>;
  }
}

window.playFaro = async (url) => {
  const faro = initializeFaro({
    url: `${url}/collect`,
    apiKey: 'a-key',
    app: { name: 'faro-page', version: '3.2.1', environment: 'test' },
    instrumentations: [...getWebInstrumentations(), new TracingInstrumentation()],
  });
  faro.api.setUser({ id: 'u-7', attributes: { plan: 'gold' } });
  faro.api.pushEvent('from-faro', { a: 'b' });
  faro.api.pushLog(['a log from Faro'], { level: LogLevel.WARN, context: { c: 'd' } });
  faro.api.pushError(new TypeError('an error from Faro'));
  faro.api.pushMeasurement({ type: 'from-faro', values: { speed: 42.5 } });
  await fetch('/api/ok');
};
