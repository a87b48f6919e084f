// Things that are thrown: with stacks, with causes, and without either.
import { farol } from '../telemetry';
import type { FaultGroup } from './fault';

function strikeMatch(): never {
  throw new TypeError('the match is wet');
}

function trimWick(): void {
  try {
    strikeMatch();
  } catch (cause) {
    throw new Error('the wick would not take', { cause });
  }
}

function lightTheLamp(): void {
  trimWick();
}

// Out of the click's own call, so that nothing of this page catches it first.
const later = (throws: () => unknown): void => {
  setTimeout(throws, 0);
};

export const throwing: FaultGroup = {
  title: 'Throwing',
  lede: 'Errors of every shape, uncaught unless it says otherwise.',
  faults: [
    {
      id: 'throw-error',
      button: 'Light a wet lamp',
      what: 'An Error from three functions down, with another one as its cause.',
      run() {
        later(lightTheLamp);
        return 'thrown';
      },
    },
    {
      id: 'throw-rejection',
      button: 'Break a promise',
      what: 'A rejected promise that nobody handles.',
      run() {
        void Promise.reject(new RangeError('the boat did not come'));
        return 'rejected';
      },
    },
    {
      id: 'throw-string',
      button: 'Shout',
      what: 'A string is thrown: no Error, and so no stack.',
      run() {
        later(() => {
          throw 'man overboard';
        });
        return 'thrown';
      },
    },
    {
      id: 'throw-aggregate',
      button: 'Ask every port',
      what: 'An AggregateError: all of several promises failed.',
      run() {
        const ports = ['Peniche', 'Nazaré', 'Ericeira'].map((port) => Promise.reject(new Error(`${port} is closed`)));
        void Promise.any(ports);
        return 'rejected';
      },
    },
    {
      id: 'throw-loop',
      button: 'Ring the fog bell',
      what: 'The same error thirty times. It is sent once, and counted.',
      run() {
        for (let ring = 0; ring < 30; ring += 1) {
          later(() => {
            throw new Error('the bell rope snapped');
          });
        }
        return 'thirty thrown';
      },
    },
    {
      id: 'throw-caught',
      button: 'Catch one',
      what: 'Caught by the shop and reported with captureError, so it counts as handled.',
      run() {
        try {
          lightTheLamp();
        } catch (error) {
          farol.captureError(error, { attributes: { lamp: 'storm lantern' } });
        }
        return 'caught and told';
      },
    },
  ],
};
