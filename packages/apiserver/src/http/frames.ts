import type { KubernetesObject, WatchEvent } from '@kybern/core';

/** Objects and events as bytes. Objects are frozen and shared, so an object's identity is its content: its bytes are made once for all who get it. */
export interface FrameCache {
  /** An object. */
  bytes(object: KubernetesObject): Buffer;
  /** An object that was just written, which its writer alone is told of: what is not known of it is not kept. */
  once(object: KubernetesObject): Buffer | string;
  /** An event. */
  frame(event: WatchEvent<KubernetesObject>): Buffer;
}

const LINE_END = Buffer.from('}\n');

/** More lines are not needed: the watchers of an event get it one after the other. */
const MAX_FRAMES = 64;
/** What is asked for most stays; all objects together would be in memory twice. */
const MAX_BYTES = 16 * 1_048_576;

/** How objects and events are written. */
export interface ByteFormat {
  /** An object, with what is not kept in it. */
  write(object: KubernetesObject): Buffer;
  /** The same as text, of a format that is text: it becomes bytes where it is sent. */
  readonly text?: (object: KubernetesObject) => Buffer | string;
  /** An event. @param bytes what {@link write} made of its object */
  frame(event: WatchEvent<KubernetesObject>, bytes: Buffer): Buffer;
}

/** Makes a {@link FrameCache} of events as lines of JSON. @param toJson writes an object with what is not kept in it. Default: the object as it is */
export function createFrameCache(toJson: (object: KubernetesObject) => string = (object) => JSON.stringify(object)): FrameCache {
  return createByteFaces({
    write: (object) => Buffer.from(toJson(object)),
    text: toJson,
    frame: ({ type }, bytes) => Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytes, LINE_END]),
  });
}

/** Makes a {@link FrameCache} of a format. */
export function createByteFaces({ write, text = write, frame }: ByteFormat): FrameCache {
  const frames = new Map<object, { readonly type: string; readonly line: Buffer }>();
  const faces = new Map<object, Buffer>();
  let total = 0;
  const bytesOf = (object: KubernetesObject): Buffer => {
    const known = faces.get(object);
    if (known !== undefined) {
      // The least recently used are the first to go.
      faces.delete(object);
      faces.set(object, known);
      return known;
    }
    const face = write(object);
    faces.set(object, face);
    total += face.length;
    for (const [oldest, old] of faces) {
      if (total <= MAX_BYTES) break;
      faces.delete(oldest);
      total -= old.length;
    }
    return face;
  };
  return {
    bytes: bytesOf,
    once: (object) => faces.get(object) ?? text(object),
    frame(event) {
      const { type, object } = event;
      const known = frames.get(object);
      if (known?.type === type) return known.line;
      const line = frame(event, type === 'BOOKMARK' ? write(event.object as KubernetesObject) : bytesOf(event.object));
      frames.delete(object);
      frames.set(object, { type, line });
      if (frames.size > MAX_FRAMES) for (const oldest of frames.keys()) return (frames.delete(oldest), line);
      return line;
    },
  };
}
