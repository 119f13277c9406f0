/** The table of a collection: its columns and indexes, as this version of the program has them. Within a transaction. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { TOGETHER } from './documents.ts'
import { column as quote } from './sql.ts'
import type { Document } from './store.ts'

export const makeTable = (
  db: DatabaseSync,
  name: string,
  fields: readonly string[],
  columnValues: (doc: Document) => { values: SQLInputValue[]; odd: number },
): void => {
  const table = quote(`c_${name}`)
  db.exec(
    // What is searched by stands before the document: of a long one the rest lies on other pages.
    `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL, odd INTEGER NOT NULL, ${fields.map((field) => (field === 'id' ? '' : `${quote(field)}, `)).join('')}doc TEXT NOT NULL)`,
  )
  const present = new Set(
    db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map((row) => String(row['name'])),
  )
  const added = fields.filter((field) => !present.has(field))
  for (const field of added) db.exec(`ALTER TABLE ${table} ADD COLUMN ${quote(field)}`)
  db.exec(`CREATE INDEX IF NOT EXISTS ${quote(`i_${name}_seq`)} ON ${table} (seq)`)
  for (const some of [...fields.map((field) => [field]), ...(TOGETHER[name] ?? [])])
    db.exec(
      `CREATE INDEX IF NOT EXISTS ${quote(`i_${name}_${some.join('+')}`)} ON ${table} (${some.map(quote).join(', ')})`,
    )
  // Each query asks whether there is one: as a rule there is none, and all would be read to know it.
  db.exec(`CREATE INDEX IF NOT EXISTS ${quote(`i_${name}_odd`)} ON ${table} (odd) WHERE odd = 1`)
  if (added.length === 0) return
  // A field became searchable with this version of the program: fill its column once.
  const fill = db.prepare(
    `UPDATE ${table} SET odd = ?, ${fields.map((f) => `${quote(f)} = ?`).join(', ')} WHERE id = ?`,
  )
  for (const row of db.prepare(`SELECT id, doc FROM ${table}`).all()) {
    const { values, odd } = columnValues(JSON.parse(String(row['doc'])) as Document)
    fill.run(odd, ...values, String(row['id']))
  }
}
