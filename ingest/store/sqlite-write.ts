/** Writing documents of a collection: within a transaction that has begun. */
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { column as quote } from './sql.ts'
import type { Document, Put, PutResult } from './store.ts'

const CONFLICT = { ok: false, conflict: true } as const

/**
 * `fields`: those with a column; `columnsOf`: their values of a document. A document that is there is changed where it differs:
 * replaced as a whole it would leave and enter the index of each of its fields, two dozen of an alert, of which a line more of
 * its burst changes two.
 */
export const openWrite = (
  prepare: (sql: string) => StatementSync,
  table: string,
  fields: readonly string[],
  columnsOf: (doc: Document) => { values: SQLInputValue[]; odd: number },
): ((items: readonly Put<Document>[], inOrder: boolean) => readonly PutResult[]) => {
  // Of what is searched by its id the table has a column without that.
  const own = fields.flatMap((field, n) => (field === 'id' ? [] : [{ name: quote(field), n }]))
  const columns = own.map(({ name }) => name)
  const known = `SELECT version, odd${columns.map((name, i) => `, ${name} AS f${i}`).join('')} FROM ${table} WHERE id = ?`
  const insert = `INSERT INTO ${table} (id, version, seq, odd, doc${columns.map((name) => `, ${name}`).join('')}) VALUES (?, ?, ?, ?, ?${', ?'.repeat(own.length)})`
  /** The next places in the order of all changes of all collections; those that are not used stay free. */
  const places = (count: number): number =>
    Number(
      prepare(
        `INSERT INTO counters VALUES ('seq', ?1) ON CONFLICT (name) DO UPDATE SET value = value + ?1 RETURNING value`,
      ).get(count)!['value'],
    ) -
    count +
    1
  return (items, inOrder) => {
    const results: PutResult[] = []
    let refused = false
    let seq: number | undefined
    for (const [i, { id, doc, version }] of items.entries()) {
      const current = prepare(known).get(id)
      const before = current?.['version'] as number | undefined
      if ((refused && inOrder) || (version !== 'any' && (version ?? undefined) !== before)) {
        results.push(CONFLICT)
        refused = true
        continue
      }
      const next = (before ?? 0) + 1
      const { values: all, odd } = columnsOf(doc)
      const values = own.map(({ n }) => all[n]!)
      seq ??= places(items.length - i)
      if (!current) prepare(insert).run(id, next, seq, odd, JSON.stringify(doc), ...values)
      else {
        const changed = values.flatMap((value, n) => (value === current[`f${n}`] ? [] : [n]))
        const also = current['odd'] === odd ? [] : ['odd']
        const set = ['version', 'seq', 'doc', ...also, ...changed.map((n) => columns[n]!)].map((name) => `${name} = ?`)
        prepare(`UPDATE ${table} SET ${set.join(', ')} WHERE id = ?`).run(
          next,
          seq,
          JSON.stringify(doc),
          ...(also.length > 0 ? [odd] : []),
          ...changed.map((n) => values[n]!),
          id,
        )
      }
      seq++
      results.push({ ok: true, version: next })
    }
    return results
  }
}
