import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { runs } from '../../random.ts'
import { rowsSuite } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'vonglau-rows-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
rowsSuite(() => openDuckdb({ folder, wait: 0 }), runs(3))
