const MIN_FEASIBLE = 100;
const MIN_PERCENTAGE = 5;

/**
 * How many feasible bins are enough to choose among.
 *
 * @param bins number of bins there are
 * @param percentage `percentageOfNodesToScore`; 0 adapts to the number of bins (50 % at few, 5 % at many), 100 means all
 * @see kubernetes v1.36 pkg/scheduler/schedule_one.go (numFeasibleNodesToFind)
 */
export function feasibleBinsToFind(bins: number, percentage: number): number {
  if (bins < MIN_FEASIBLE || percentage >= 100) return bins;
  const used = percentage > 0 ? percentage : Math.max(MIN_PERCENTAGE, 50 - Math.floor(bins / 125));
  return Math.max(MIN_FEASIBLE, Math.floor((bins * used) / 100));
}
