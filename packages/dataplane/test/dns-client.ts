import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import packet, { type DecodedPacket, type Packet, type RecordType } from 'dns-packet';

/** Where a test's DNS server is. */
export interface At {
  readonly host: string;
  readonly port: number;
}

/** One question as bytes. */
export function question(name: string, type: RecordType = 'A', more: Partial<Packet> = {}): Buffer {
  return packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [{ name, type }], ...more });
}

/** Sends bytes over UDP and waits for an answer; undefined when none comes in `waitMs`. */
export async function rawUdp({ host, port }: At, bytes: Uint8Array, waitMs = 5000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<Buffer | undefined>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', resolve);
      socket.send(bytes, port, host);
      setTimeout(() => resolve(undefined), waitMs).unref();
    });
  } finally {
    socket.close();
  }
}

/** Asks over UDP. */
export async function askUdp(at: At, name: string, type: RecordType = 'A', more: Partial<Packet> = {}): Promise<DecodedPacket> {
  const bytes = await rawUdp(at, question(name, type, more));
  if (bytes === undefined) throw new Error(`no answer for ${name}`);
  return packet.decode(bytes);
}

/** Sends messages over one connection at once and waits for as many answers. */
export async function askTcp({ host, port }: At, ...messages: readonly Buffer[]): Promise<readonly DecodedPacket[]> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const answers: DecodedPacket[] = [];
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
      socket.on('data', (bytes: Buffer) => {
        received = Buffer.concat([received, bytes]);
        while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
          answers.push(packet.decode(received.subarray(2, received.readUInt16BE(0) + 2)));
          received = received.subarray(received.readUInt16BE(0) + 2);
        }
        if (answers.length === messages.length) resolve(answers);
      });
      for (const message of messages) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(length);
        socket.write(message);
      }
    });
  } finally {
    socket.destroy();
  }
}

/** What an answer holds, in short: `A 10.0.0.1`. */
export const shortly = (answer: DecodedPacket): readonly string[] =>
  (answer.answers ?? []).map((each) => ('data' in each ? `${each.type} ${typeof each.data === 'string' ? each.data : JSON.stringify(each.data)}` : each.type));

/** NOERROR, NXDOMAIN and so on. */
export const rcodeOf = (answer: DecodedPacket): string => (answer as DecodedPacket & { readonly rcode: string }).rcode;
