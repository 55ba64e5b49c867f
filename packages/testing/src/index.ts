export { createTestCluster } from './test-cluster.ts';
export type { ReportedError, TestCluster, TestClusterOptions } from './test-cluster.ts';
export type { TestNode } from './test-node.ts';
export type { ManifestObject, ManifestSource } from './manifests.ts';
export type { SettleOptions } from './virtual-time.ts';
export type { LogEntry } from './event-log.ts';
export { NotSettledError } from './errors.ts';
// Matchers: `@kybern/testing/vitest` adds them to vitest's expect
export { toBeAvailable, toHaveCondition } from './matchers.ts';
export type { AvailableExpectation, MatcherResult } from './matchers.ts';
