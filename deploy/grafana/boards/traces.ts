/** Traces: from the click to the backend. */
import { board } from '../board.js';
import { traceql, traces as found } from '../panels.js';
import { SPANS } from '../queries.js';

export const traces = board({
  uid: 'farol-traces',
  title: 'Farol / Traces',
  description: 'Requests of pages as traces, from the browser\'s span to the server\'s.',
  choices: ['environment', 'session'],
  traffic: false,
  parts: [
    found('Slow requests', traceql(`{${SPANS} && kind=client && duration>1s}`), { description: 'Client spans of pages that took longer than a second.' }),
    found('Failed requests', traceql(`{${SPANS} && kind=client && (status=error || span.http.response.status_code>=500)}`)),
    found('Requests that a server continued', traceql(`{${SPANS} && kind=client} >> {kind=server}`), { description: 'The browser\'s span with a server\'s below it: the trace context went through.' }),
    found('Spans of the page\'s own', traceql(`{${SPANS} && instrumentation:name="farol"}`)),
    found('Of one session', traceql(`{${SPANS} && span.session.id=~"$session"}`), { description: 'Put a session id above.' }),
  ],
});
