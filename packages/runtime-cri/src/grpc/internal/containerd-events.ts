import type { ContainerEventType } from '../../generated/cri.ts';
import { createProtoCodec, type ProtoMessage } from '../../grpc-kit/proto-codec.ts';
import type { ProtoSchema } from '../../grpc-kit/schema.ts';

/**
 * The part of containerd's own events that tells of containers.
 *
 * @see containerd v1.6 api/services/events/v1/events.proto, api/events/task.proto, api/events/container.proto
 */
const schema: ProtoSchema = {
  messages: {
    SubscribeRequest: [{ number: 1, key: 'filters', type: 'string', label: 'repeated' }],
    Envelope: [
      { number: 2, key: 'namespace', type: 'string', required: true },
      { number: 3, key: 'topic', type: 'string', required: true },
      { number: 4, key: 'event', type: 'Any' },
    ],
    Any: [{ number: 2, key: 'value', type: 'bytes', required: true }],
    ContainerEvent: [{ number: 1, key: 'id', type: 'string', required: true }],
    TaskStart: [{ number: 1, key: 'containerId', type: 'string', required: true }],
    TaskExit: [
      { number: 1, key: 'containerId', type: 'string', required: true },
      { number: 2, key: 'id', type: 'string', required: true },
    ],
  },
  enums: {},
};

/** Where containerd tells its events. */
export const CONTAINERD_SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe';
/** Where containerd keeps what the CRI makes. */
const FILTER = 'namespace==k8s.io,topic~=^/(tasks|containers)/';

/** What happened to which container (or sandbox, which containerd keeps as one). */
export interface ContainerdEvent {
  readonly id: string;
  readonly type: ContainerEventType;
}

/** Writes the question and reads the answers of containerd's events. */
export interface ContainerdEventCodec {
  readonly request: Buffer;
  /** @returns undefined for events that tell nothing of a container's life */
  read(message: Buffer): ContainerdEvent | undefined;
}

/** Makes a {@link ContainerdEventCodec}. */
export function createContainerdEventCodec(): ContainerdEventCodec {
  const codec = createProtoCodec(schema);
  return {
    request: codec.encode('SubscribeRequest', { filters: [FILTER] }),
    read(message) {
      const { topic, event } = codec.decode('Envelope', message);
      const value = Buffer.from(((event as ProtoMessage | undefined)?.['value'] as Uint8Array | undefined) ?? []);
      const text = (name: string, key: string): string => codec.decode(name, value)[key] as string;
      switch (topic) {
        case '/containers/create':
          return { id: text('ContainerEvent', 'id'), type: 'CONTAINER_CREATED_EVENT' };
        case '/containers/delete':
          return { id: text('ContainerEvent', 'id'), type: 'CONTAINER_DELETED_EVENT' };
        case '/tasks/start':
          return { id: text('TaskStart', 'containerId'), type: 'CONTAINER_STARTED_EVENT' };
        case '/tasks/exit': {
          // Commands in containers end, too.
          const id = text('TaskExit', 'containerId');
          return id === text('TaskExit', 'id') ? { id, type: 'CONTAINER_STOPPED_EVENT' } : undefined;
        }
        default:
          return undefined;
      }
    },
  };
}
