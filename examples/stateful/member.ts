// A member of the database: SQLite behind HTTP. `POST /` with a text keeps it, and answers with its number once it would survive; `GET /` gives all of them.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const { POD = '', KYBERN_ROOT = '', KYBERN_IP = '127.0.0.1' } = process.env;
const database = new DatabaseSync(join(KYBERN_ROOT, 'data', 'entries.sqlite'));
// Whoever has the lock is the only one: a second process of this identity would end here.
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, member TEXT NOT NULL, text TEXT NOT NULL)');
const insert = database.prepare('INSERT INTO entries (member, text) VALUES (?, ?)');
const all = database.prepare('SELECT id, member, text FROM entries ORDER BY id');

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  request.on('end', () => {
    const answer = request.method === 'POST' ? { id: Number(insert.run(POD, text).lastInsertRowid) } : { member: POD, entries: all.all() };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
});
server.listen(8080, KYBERN_IP);
process.on('SIGTERM', () => server.close(() => database.close()));
