export { describeClientConformance } from './describe-client-conformance.ts';
export type { ClientConformanceOptions } from './describe-client-conformance.ts';
export type { ClientFixture } from './fixture.ts';
