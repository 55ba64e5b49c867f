import type { UserInfo } from '../request.ts';
import type { Authenticator } from './authenticator.ts';

/**
 * Recognises fixed tokens, given as the CSV text of kube-apiserver's `--token-auth-file`: token, user name, user uid, and optionally the groups, as one
 * column with commas between them.
 *
 * @param csv without a header line; lines without a token are left out, of several lines with one token the last counts
 * @throws {RangeError} a line has fewer than three columns, or a quote is not closed
 * @example tokenFileAuthenticator('s3cret,jane,1001,"dev,ops"')
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authentication/token/tokenfile/tokenfile.go
 */
export function tokenFileAuthenticator(csv: string): Authenticator {
  const users = new Map<string, UserInfo>();
  parseCsv(csv).forEach((columns, i) => {
    if (columns.length < 3)
      throw new RangeError(`line ${i + 1} of the token file must have at least 3 columns (token, user name, user uid), found ${columns.length}`);
    const [token = '', username = '', uid = '', groups = ''] = columns;
    if (token === '') return;
    users.set(token, { username, uid, groups: groups === '' ? [] : groups.split(',').map((group) => group.trim()) });
  });
  return {
    authenticate({ token }) {
      const user = token === undefined ? undefined : users.get(token);
      return user === undefined ? undefined : { user };
    },
  };
}

/** Lines of columns; blank lines are left out. A column in double quotes may hold commas and, doubled, quotes. */
function parseCsv(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line, i) => parseLine(line, i + 1));
}

function parseLine(line: string, number: number): string[] {
  const columns: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/.exec(rest);
    if (match === null) throw new RangeError(`line ${number} of the token file has a quote out of place`);
    columns.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim());
    if (match[3] === '') return columns;
    rest = rest.slice(match[0].length);
  }
}
