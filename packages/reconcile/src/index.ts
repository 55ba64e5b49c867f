// Informers
export { createInformer, dropManagedFields } from './informer.ts';
export type { Informer, InformerOptions, InformerStatus } from './informer.ts';
export type { InformerEvent, InformerHandler } from './informer-event.ts';
export { runReflector } from './reflector.ts';
export type { ReflectorOptions, ReflectorSink, ReflectorStatus, ReflectorTuning } from './reflector.ts';
export type { IndexFunction } from './store.ts';
export type { ListSelector } from './internal/selection.ts';
// Controllers
export { defineController } from './controller.ts';
export type { AbsentRequest, CacheIndex, ControllerDefinition, ControllerInput, ControllerOptions, Predicate, ReconcileRequest, Watch } from './controller.ts';
export { annotationsChanged, anyOf, generationChanged, labelsChanged, not } from './predicate.ts';
export { withFinalizer } from './finalizer.ts';
export type { FinalizerOptions } from './finalizer.ts';
export { createManager } from './manager.ts';
export type { HealthCheck, Manager, ManagerHealth, ManagerOptions, ManagerTuning } from './manager.ts';
export { runShards, SHARD_GROUP_LABEL, shardOf } from './sharding.ts';
export type { ShardingOptions, ShardTerm } from './sharding.ts';
export type { ObservedReconcile, ReconcileObserver } from './reconcile-observer.ts';
export type { Cache } from './cache.ts';
export { createEventRecorder } from './event-recorder.ts';
export type { EventDetails, EventRecorder, EventRecorderOptions } from './event-recorder.ts';
export { lead } from './leader-election.ts';
export type { LeaderElectionDeps, LeaderElectionOptions, LeadershipTerm } from './leader-election.ts';
// Work queues
export { createWorkQueue, LOW_PRIORITY_SHARE } from './work-queue.ts';
export type { AddAfterOptions, AddOptions, WorkQueue, WorkQueueOptions } from './work-queue.ts';
export { defaultRateLimiter, exponentialLimiter, maxOfLimiters, tokenBucketLimiter } from './rate-limiter.ts';
export type { ExponentialLimiterOptions, RateLimiter, TokenBucketOptions } from './rate-limiter.ts';
// Outcomes and errors
export { done, requeueAfter } from './outcome.ts';
export type { Done, ReconcileResult, RequeueAfter, RequeueOptions } from './outcome.ts';
export { isTerminalError, NonErrorThrown, QueueShutDownError, ReconcileTimeoutError, TerminalError, UncachedKindError } from './errors.ts';
export type { ErrorContext, ErrorSink } from './error-sink.ts';
// Metrics
export { createMetricsRegistry } from './metrics-registry.ts';
export type { MetricsRegistry } from './metrics-registry.ts';
export { noopMetrics } from './metrics.ts';
export type { Counter, Gauge, Histogram, MetricLabels, Metrics } from './metrics.ts';
