/** What Pods without a `schedulerName` mean. */
export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';
