import { seededRandom } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { describeRuntimeConformance } from '../conformance/index.ts';
import { createSimulatedRuntime } from './simulated-runtime.ts';

describeRuntimeConformance('the simulated runtime', () => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({
    clock,
    random: seededRandom(1),
    behaviors: [
      { image: 'missing', pull: { error: 'not-found' } },
      { command: 'ignore-term', stop: { ignoreSigterm: true } },
      { command: 'exit 3', exit: { code: 3 } },
      { command: 'succeed', exit: { code: 0, afterMs: 10 } },
      { command: 'no-such-command', start: { error: 'exec: "no-such-command": executable file not found in $PATH' } },
    ],
  });
  return {
    runtime,
    image: 'busybox:1.36',
    otherImage: 'nginx:1.25',
    missingImage: 'missing:1',
    commands: { forever: ['run'], ignoreTerm: ['ignore-term'], exit3: ['exit', '3'], succeed: ['succeed'], invalid: ['no-such-command'] },
    async wait(promise) {
      let open = true;
      let idle = 0;
      const watched = promise.finally(() => (open = false));
      watched.catch(() => undefined);
      for (await clock.settleNow(); open; await clock.settleNow()) if (!clock.fireNext() && ++idle > 100) throw new Error('the call waits for nothing');
      await clock.advance(1);
      return watched;
    },
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
    },
  };
});
