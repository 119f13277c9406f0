/** The process that anew.test.ts kills: it writes the old day anew again and again, each time with a little less. */
import { openDuckdb } from '../../ingest/store/duckdb.ts'

const [folder, day, from] = process.argv.slice(2) as [string, string, string]
const store = await openDuckdb({ folder })
for (let n = Number(from); ; n++) {
  process.stdout.write(`begin ${n}\n`)
  await store.keep(day, { op: 'range', field: 'http.response.bytes', gte: n })
  process.stdout.write(`done ${n}\n`)
}
