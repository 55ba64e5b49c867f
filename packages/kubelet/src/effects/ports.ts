import type { Container } from '@kybern/core/kinds';

/** The number of a port that is given as such or by the name it has in the container. @throws {Error} when there is no such port */
export function resolvePort(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port);
  const number = named?.containerPort ?? Number(port);
  if (!(number > 0 && number < 65536)) throw new Error(`invalid port: "${port}"`);
  return number;
}
