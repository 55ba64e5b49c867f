export { createFakeClock, type FakeClock, type FakeClockOptions } from './fake-clock.ts';
export { macrotask } from './macrotask.ts';
