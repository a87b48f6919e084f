// Load for the collector: bodies of about 20 KB at a constant rate, whether or not it keeps up.
//
//     k6 run deploy/k6/ingest.js
//     FAROL_URL=https://rum.example.com FAROL_KEY=… FAROL_ORIGIN=https://shop.example FAROL_RATE=800 k6 run deploy/k6/ingest.js
//
// FAROL_RATE is requests a second (600: 12 MB/s), FAROL_DURATION how long (60s). The app's and the addresses' rates have to allow it.
// Everything that it sends is marked as test traffic: docs/dashboards.md.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { bodies } from './body.js';

const url = __ENV.FAROL_URL || 'http://127.0.0.1:12347';
const key = __ENV.FAROL_KEY || '';
const origin = __ENV.FAROL_ORIGIN || 'http://localhost:8080';
const run = __ENV.FAROL_RUN || `ingest-${new Date().toISOString().slice(0, 16)}`;

const sent = new Counter('farol_sent_bytes');

export const options = {
  scenarios: {
    ingest: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.FAROL_RATE || 600),
      timeUnit: '1s',
      duration: __ENV.FAROL_DURATION || '60s',
      // Requests that may be under way at once: at 600 a second, answers of 300 ms each.
      preAllocatedVUs: 60,
      maxVUs: 200,
    },
  },
  thresholds: {
    http_req_duration: ['p(95)<100'],
    http_req_failed: ['rate<0.001'],
    // Bodies alone, as sent.
    farol_sent_bytes: ['rate>10000000'],
    checks: ['rate>0.999'],
  },
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
  discardResponseBodies: true,
};

const body = bodies(run);
const headers = { 'Content-Type': 'text/plain;charset=UTF-8', Origin: origin };

export default function () {
  const now = Date.now();
  // Distinct in the run and between runs: nothing that knows a batch or a trace again has it easier than in life.
  const id = (now % 0xffffff).toString(16).padStart(6, '0') + exec.scenario.iterationInTest.toString(16).padStart(8, '0');
  const text = body(id, now);
  const answer = http.post(`${url}/collect${key === '' ? '' : `/${key}`}?id=k6${id}&sent=${now}&try=1`, text, { headers, tags: { name: 'collect' } });
  if (check(answer, { 'it was taken (202)': (it) => it.status === 202 })) sent.add(text.length);
}
