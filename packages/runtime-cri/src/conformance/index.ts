export { describeRuntimeConformance } from './describe.ts';
export type { RuntimeConformanceOptions } from './describe.ts';
export type { RuntimeFixture } from './fixture.ts';
