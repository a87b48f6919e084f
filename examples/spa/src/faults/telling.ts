// What an app says of its own accord.
import { ask } from '../api';
import { farol } from '../telemetry';
import { type FaultGroup, wait } from './fault';

export const telling: FaultGroup = {
  title: 'Telling',
  lede: 'Nothing is wrong here: this is the SDK’s API, a button each.',
  faults: [
    {
      id: 'tell-event',
      button: 'Note a sighting',
      what: 'A custom event with typed attributes.',
      run() {
        farol.event('ship_sighted', { vessel: 'Maria da Luz', bearing: 241.5, under_sail: true });
        return 'event ship_sighted';
      },
    },
    {
      id: 'tell-log',
      button: 'Write the log',
      what: 'A log line, at level warn.',
      run() {
        farol.log('wind backing to the north-west', { level: 'warn', attributes: { force: 7 } });
        return 'log, level warn';
      },
    },
    {
      id: 'tell-measure',
      button: 'Read the glass',
      what: 'A measurement with two values.',
      run() {
        const values = { pressure: 998.4, temperature: 11.2 };
        farol.measure('weather', values);
        return `measured ${values.pressure} hPa, ${values.temperature} °C`;
      },
    },
    {
      id: 'tell-span',
      button: 'Climb the tower',
      what: 'A span with two fetches under it, the second one after an await through span.run.',
      run: () =>
        farol.withSpan('climb the tower', async (span) => {
          const first = await ask('/api/trace');
          await wait(40);
          const second = await span.run(() => ask('/api/trace'));
          return first.traceId === second.traceId ? `one trace, ${first.traceId}` : 'two traces: is this session sampled out?';
        }),
    },
    {
      id: 'tell-user',
      button: 'Come on watch',
      what: 'Sets the user for all that follows.',
      run() {
        farol.setUser({ id: 'keeper-7', username: 'ines' });
        return 'user keeper-7';
      },
    },
    {
      id: 'tell-user-reset',
      button: 'Go off watch',
      what: 'Takes the user off again.',
      run() {
        farol.setUser(null);
        return 'no user';
      },
    },
    {
      id: 'tell-attributes',
      button: 'Hoist a flag',
      what: 'An attribute on everything that follows.',
      run() {
        farol.setAttributes({ flag: 'quebec' });
        return 'flag=quebec from now on';
      },
    },
    {
      id: 'tell-view',
      button: 'Move to the gallery',
      what: 'A view of its own without a new address.',
      run() {
        farol.setView('gallery');
        return 'view gallery, until the next one';
      },
    },
    {
      id: 'tell-flush',
      button: 'Send it now',
      what: 'What waits in the batch goes out.',
      run() {
        void farol.flush();
        return 'flushed';
      },
    },
  ],
};
