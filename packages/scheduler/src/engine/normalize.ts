/** The best normalised score. */
export const MAX_SCORE = 100;

/**
 * Scales scores so that the largest becomes 100, in place; reversed, so that the largest becomes 0 and 0 becomes 100. All divisions truncate.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/helper/normalize_score.go
 */
export function normalizeByMaximum(scores: Float64Array, reverse = false): void {
  let max = 0;
  for (let i = 0; i < scores.length; i++) max = Math.max(max, scores[i] as number);
  if (max === 0) {
    if (reverse) scores.fill(MAX_SCORE);
    return;
  }
  for (let i = 0; i < scores.length; i++) {
    const scaled = Math.floor((MAX_SCORE * (scores[i] as number)) / max);
    scores[i] = reverse ? MAX_SCORE - scaled : scaled;
  }
}
