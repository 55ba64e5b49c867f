import { MAX_SCORE } from '../engine/normalize.ts';
import { SchedulerConfigError } from '../errors.ts';

/** A point of the line that turns use into a score. Between two points the line is straight. */
export interface UtilizationShapePoint {
  /** Percent, 0 to 100, rising from point to point. */
  readonly utilization: number;
  /** 0 to 10. */
  readonly score: number;
}

const MAX_POINT_SCORE = 10;

/** @throws {SchedulerConfigError} naming the field */
export function checkedShape(shape: readonly UtilizationShapePoint[] | undefined, path: string): readonly UtilizationShapePoint[] {
  if (shape === undefined || shape.length === 0) throw new SchedulerConfigError(path, 'must have at least one point');
  shape.forEach(({ utilization, score }, index) => {
    const at = `${path}[${index}]`;
    if (!(Number.isInteger(utilization) && utilization >= 0 && utilization <= 100))
      throw new SchedulerConfigError(`${at}.utilization`, 'must be from 0 to 100');
    if (!(Number.isInteger(score) && score >= 0 && score <= MAX_POINT_SCORE)) throw new SchedulerConfigError(`${at}.score`, 'must be from 0 to 10');
    const before = shape[index - 1];
    if (before !== undefined && utilization <= before.utilization) throw new SchedulerConfigError(`${at}.utilization`, 'must be larger than the one before');
  });
  return shape;
}

/**
 * The line through the points, from percent of use to a score of 0 to 100; flat before the first and after the last. Truncates.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/helper/shape_score.go (BuildBrokenLinearFunction)
 */
export function shapeFunction(shape: readonly UtilizationShapePoint[]): (utilization: number) => number {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * (MAX_SCORE / MAX_POINT_SCORE) }));
  return (utilization) => {
    const next = points.findIndex((point) => utilization <= point.utilization);
    const [left, right] = [points[next - 1], points[next]];
    if (right === undefined) return points.at(-1)?.score ?? 0;
    if (left === undefined) return right.score;
    return left.score + Math.trunc(((right.score - left.score) * (utilization - left.utilization)) / (right.utilization - left.utilization));
  };
}
