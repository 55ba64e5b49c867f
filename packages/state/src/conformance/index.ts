export { describeStateConformance } from './describe.ts';
export type { MakeStore, MakeStoreOptions, StateConformanceOptions } from './describe.ts';
