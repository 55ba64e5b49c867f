import type { Pod } from '@kybern/core/kinds';
import { clusterOf, type ClusterSnapshot } from '../cluster/cluster-state.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { MAX_SCORE } from '../engine/normalize.ts';
import type { PreScorePlugin, ScorePlugin } from '../engine/plugin.ts';
import type { Snapshot } from '../engine/snapshot.ts';
import { skip } from '../engine/status.ts';

const NAME = 'ImageLocality';
const MIB = 1024 * 1024;
/** Less than this is quickly pulled. */
const MIN_BYTES = 23 * MIB;
/** More than this, per container, makes no difference. */
const MAX_BYTES_PER_CONTAINER = 1000 * MIB;

/** One image that a Pod needs and some node has. */
interface WantedImage {
  readonly rows: ReadonlySet<number>;
  /** Its size, scaled by the share of the nodes that have it, so that Pods do not all go to the few nodes that have it already. */
  readonly bytes: number;
}

interface Wanted {
  readonly images: readonly WantedImage[];
  readonly maxBytes: number;
}

/**
 * Prefers nodes that already have the images of a Pod, by their size.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/imagelocality/image_locality.go
 */
export function imageLocality(): PreScorePlugin & ScorePlugin {
  return {
    name: NAME,
    sign(pod, snapshot) {
      const { images, maxBytes } = wantedImages(pod, snapshot);
      // Without a known image all nodes score 0.
      return images.length === 0 ? '' : JSON.stringify([maxBytes, imageNames(pod), images.map(({ bytes }) => bytes)]);
    },
    preScore(pod, cycle) {
      const wanted = wantedImages(pod, cycle.snapshot);
      if (wanted.images.length === 0 && !cycle.explaining) return skip();
      cycle.state.set(NAME, wanted);
      return undefined;
    },
    score(pod, node, cycle) {
      const { images, maxBytes } = cycle.state.get<Wanted>(NAME) ?? wantedImages(pod, cycle.snapshot);
      const row = clusterOf(cycle.snapshot).versions.row(node);
      let bytes = 0;
      for (const image of images) if (image.rows.has(row)) bytes += image.bytes;
      const clamped = Math.max(MIN_BYTES, Math.min(maxBytes, bytes));
      return Math.floor((MAX_SCORE * (clamped - MIN_BYTES)) / (maxBytes - MIN_BYTES));
    },
  };
}

function wantedImages(pod: Pod, snapshot: Snapshot<NodeInfo>): Wanted {
  const cluster: ClusterSnapshot = clusterOf(snapshot);
  const images: WantedImage[] = [];
  let count = 0;
  const want = (image: string | undefined): void => {
    count += 1;
    const state = image === undefined ? undefined : cluster.images.get(withTag(image));
    if (state !== undefined) images.push({ rows: state.rows, bytes: Math.trunc(state.sizeBytes * (state.rows.size / cluster.nodes.length)) });
  };
  forEachImage(pod, want);
  return { images, maxBytes: MAX_BYTES_PER_CONTAINER * Math.max(1, count) };
}

function imageNames(pod: Pod): readonly string[] {
  const names: string[] = [];
  forEachImage(pod, (image) => names.push(image ?? ''));
  return names;
}

function forEachImage({ spec }: Pod, visit: (image: string | undefined) => void): void {
  for (const { image } of spec.initContainers ?? []) visit(image);
  for (const { image } of spec.containers) visit(image);
  for (const { image } of spec.volumes ?? []) if (image !== undefined) visit(image.reference);
}

/** An image as nodes name it: with `:latest` unless there is a tag. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
