import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { rowsSuite } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'vonglau-rows-'))
let n = 0
afterAll(() => rmSync(folder, { recursive: true, force: true }))
// A newcomer's run ends within six minutes; CI takes its time.
const RUNS = process.env['CI'] === 'true' ? 24 : 8
rowsSuite(() => openDuckdb({ folder: join(folder, String(n++)), wait: 0 }), RUNS)
