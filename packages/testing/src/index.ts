export { createTestCluster } from './test-cluster.ts';
export type { AwaitedCondition, Budget, ReportedError, TestCluster } from './test-cluster.ts';
export type { TestClusterOptions } from './options.ts';
export type { TestNode } from './test-node.ts';
export type { TestProcess } from './processes/process.ts';
export type { ManifestObject, ManifestSource } from './manifests.ts';
export type { SettleOptions } from './virtual-time.ts';
export type { LogEntry } from './event-log.ts';
export { HotLoopError, InvariantError, NotSettledError } from './errors.ts';
// Endpoints
export type { EndpointOptions, TestEndpoint } from './endpoint/options.ts';
// Forks and images
export { importObjects, readClusterImage } from './read-image.ts';
export type { ImportOptions } from './read-image.ts';
export type { ClusterImage, OpenedImage } from './cluster-image.ts';
// Recorded requests
export { replayRecorded } from './recorded/replay-recorded.ts';
export type { RecordedReport, RecordedRequest, ReplayRecordedOptions } from './recorded/options.ts';
// Exploring
export { explore, replay } from './explore/explore.ts';
export type { ClusterTest, ExploreOptions, ExploreReport, ReplayOptions, Schedule } from './explore/options.ts';
export type { ExplorationError } from './explore/exploration-error.ts';
export type { Alternative, Choice } from './choices.ts';
// Faults
export type { CallMatch, ClusterFaults } from './cluster-faults.ts';
export type { CallFault, EventFault, FaultScope, FaultSource, ProcessCall, Strike, Struck } from './faults/fault-source.ts';
export { conflicts, duplicatedLists, failedRequests, lostResponses, slowRequests } from './faults/request-faults.ts';
export { cutWatches, staleCaches, stalledWatches, timeTravel } from './faults/watch-faults.ts';
export type { StaleCacheOptions } from './faults/watch-faults.ts';
export { apiServerCrashes, clockSkew, crashes, partitions } from './faults/crash-faults.ts';
export { containerFaults, deadNodes, failedPulls, fillDisk, fullDisks, slowNodes } from './faults/node-faults.ts';
export type { NodeFaultScope } from './faults/node-faults.ts';
export { chaos } from './faults/chaos.ts';
export type { ChaosProfile } from './faults/chaos.ts';
// Assertions
export type { ClusterView, Invariant, ViewSelector } from './invariants.ts';
export { converges, hasNoHotLoop, writesNothing } from './assertions/rest.ts';
export type { Finding, WritesNothingOptions } from './assertions/rest.ts';
// Matchers: `@kybern/testing/vitest` adds them to vitest's expect
export { toBeAvailable, toConverge, toHaveCondition, toHaveNoHotLoop, toWriteNothing } from './matchers.ts';
export type { AvailableExpectation, MatcherResult } from './matchers.ts';
// The timeline
export { timelineText } from './timeline/text.ts';
export type { TimelineTextOptions } from './timeline/text.ts';
export type { Timeline, TimelineEntry, TimelineFault, TimelineReconcile, TimelineWrite } from './timeline/timeline.ts';
