// OpenTelemetry, before anything else is loaded (`node --import`): spans of HTTP, PostgreSQL and Redis come by themselves, the browser's trace is
// continued by the W3C propagator. Where it all goes is said by the standard variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME).
import { register } from 'node:module';
import { metrics } from '@opentelemetry/api';
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

// Without an address the ids are said in answers and log lines all the same, and nothing is sent.
const wanted = Object.keys(process.env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name));
for (const signal of ['TRACES', 'METRICS', 'LOGS']) process.env[`OTEL_${signal}_EXPORTER`] ??= wanted ? 'otlp' : 'none';
// The stable names: http.server.request.duration in seconds, db.query.text.
process.env.OTEL_SEMCONV_STABILITY_OPT_IN ??= 'http,database';
// Who serves is wanted, not the machine's name, user and command line.
process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env,serviceinstance';

const unsent = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

const sdk = new NodeSDK({
  ...(wanted ? {} : { spanProcessors: [unsent] }),
  instrumentations: [
    new HttpInstrumentation({ ignoreIncomingRequestHook: (request) => request.url === '/health' }),
    // Only the route's name is wanted of Express: a span for each middleware would hide the work.
    new ExpressInstrumentation({ ignoreLayersType: [ExpressLayerType.MIDDLEWARE, ExpressLayerType.ROUTER, ExpressLayerType.REQUEST_HANDLER] }),
    new PgInstrumentation({ requireParentSpan: true }),
    new IORedisInstrumentation({ requireParentSpan: true }),
  ],
});
sdk.start();

const meter = metrics.getMeter('farol-shop-node');
meter.createObservableCounter('process.cpu.time', { unit: 's' }).addCallback((result) => {
  const { user, system } = process.cpuUsage();
  result.observe(user / 1e6, { 'cpu.mode': 'user' });
  result.observe(system / 1e6, { 'cpu.mode': 'system' });
});
meter.createObservableUpDownCounter('process.memory.usage', { unit: 'By' }).addCallback((result) => result.observe(process.memoryUsage().rss));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    // A collector that is away must not keep the process.
    await Promise.race([sdk.shutdown().catch(() => {}), new Promise((done) => setTimeout(done, 2000))]);
    process.exit(0);
  });
}
