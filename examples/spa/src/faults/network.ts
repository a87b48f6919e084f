// Requests that go wrong, and requests that go elsewhere.
import { Refused, type Traced, ask } from '../api';
import { other } from '../telemetry';
import { type FaultGroup, wait } from './fault';

const traced = (answer: Traced): string =>
  answer.parentSpanId ? `trace ${answer.traceId} continued` : `the backend saw no trace and began ${answer.traceId}`;

const failed = (error: unknown): string => {
  if (error instanceof Refused) return `${error.status} ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
};

const viaXhr = (url: string): Promise<Traced> =>
  new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('GET', url);
    request.responseType = 'json';
    request.onload = () => done(request.response as Traced);
    request.onerror = () => fail(new Error('the request did not get through'));
    request.send();
  });

export const network: FaultGroup = {
  title: 'Network',
  lede: 'Every request becomes a span. On this origin, and where it was allowed, the backend continues the trace.',
  faults: [
    {
      id: 'net-ok',
      button: 'Ask for the trace',
      what: 'A fetch that works. The answer holds the backend’s own ids.',
      run: () => ask('/api/trace').then(traced),
    },
    { id: 'net-fail', button: 'Put the lamp out', what: 'The backend answers 500.', run: () => ask('/api/fail').then(traced, failed) },
    { id: 'net-404', button: 'Ask for a kraken', what: 'A product that does not exist: 404.', run: () => ask('/api/products/kraken').then(traced, failed) },
    { id: 'net-slow', button: 'Wait for the tide', what: 'The backend takes 1.5 s.', run: () => ask('/api/slow?ms=1500').then(traced, failed) },
    {
      id: 'net-flaky',
      button: 'Call through the fog',
      what: '503 at first, then it works: two spans.',
      async run() {
        const first = await ask('/api/flaky').then(traced, failed);
        const second = await ask('/api/flaky').then(traced, failed);
        return `first: ${first}; then: ${second}`;
      },
    },
    {
      id: 'net-abort',
      button: 'Turn the boat round',
      what: 'A request that the page itself gives up after 150 ms.',
      async run() {
        const change = new AbortController();
        const answer = ask('/api/slow?ms=3000', { signal: change.signal }).then(traced, failed);
        await wait(150);
        change.abort();
        return answer;
      },
    },
    {
      id: 'net-refused',
      button: 'Hail a ghost ship',
      what: 'Nobody listens at that address: a network error without a status.',
      run: () => ask('http://127.0.0.1:49999/').then(traced, failed),
    },
    {
      id: 'net-picture',
      button: 'Unroll a lost chart',
      what: 'A picture that does not come: a failed load, and no exception.',
      run: () =>
        new Promise((done) => {
          const chart = new Image();
          chart.onload = () => done('the chart is there');
          chart.onerror = () => done('the chart is lost');
          chart.src = '/charts/lost.png';
        }),
    },
    { id: 'net-xhr', button: 'Send a telegram', what: 'The same by XMLHttpRequest.', run: () => viaXhr('/api/trace').then(traced, failed) },
    {
      id: 'net-listed',
      button: 'Ask the boatman',
      what: 'Another origin that is listed in propagateTo: the trace goes on there.',
      run: () => ask(`${other}/delivery/estimate`).then(traced, failed),
    },
    {
      id: 'net-unlisted',
      button: 'Ask a stranger',
      what: 'Another origin that is not listed. It gets no header; one more header and its CORS rules would block the call.',
      run: () => ask(`${other}/weather/now`).then(traced, failed),
    },
  ],
};
