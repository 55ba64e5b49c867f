const HEAD_BYTES = 5;
/** As much as kubelets take. @see kubernetes v1.36 staging/src/k8s.io/cri-client/pkg/remote_runtime.go (maxMsgSize) */
export const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/** A message behind its gRPC head. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** Takes a stream of bytes apart into gRPC messages. */
export class GrpcFrameReader {
  /** Invariant: less than one whole message, or empty. */
  #parts: Buffer[] = [];
  #bytes = 0;

  /** @throws {RangeError} when a message is compressed or longer than 16 MiB */
  push(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed()) return;
    const all = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#bytes);
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + lengthAt(all, at);
      if (end > all.length) break;
      if (all[at] !== 0) throw new RangeError('the message is compressed');
      onMessage(all.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    this.#parts = at === all.length ? [] : [all.subarray(at)];
    this.#bytes = all.length - at;
  }

  /** How many bytes the first message takes, as far as is known; large ones are put together once. */
  #needed(): number {
    const [first] = this.#parts;
    return first === undefined || first.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + lengthAt(first, 0);
  }
}

function lengthAt(buffer: Buffer, at: number): number {
  const length = buffer.readUInt32BE(at + 1);
  if (length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${String(length)} bytes is too long`);
  return length;
}
