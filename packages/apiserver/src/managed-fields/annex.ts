import type { Annex } from '@kybern/state';
import { closedLedger, createBooks } from './books.ts';
import { ledgerOf, putLedger } from './ledger.ts';

/**
 * Keeps who owns which fields where objects are kept as bytes: a durable store writes the text of `metadata.managedFields` beside each object, and puts
 * it beside the object that it reads.
 *
 * @example
 * const state = await openFileStore({ directory, annex: ledgerAnnex() });
 * const api = await createApiServer({ state });
 */
export function ledgerAnnex(): Annex {
  const books = createBooks();
  return {
    of: (object) => books.text(object),
    attach(object, text) {
      if (ledgerOf(object) === undefined) putLedger(object, closedLedger(text));
    },
  };
}
