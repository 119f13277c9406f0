/**
 * Sigma conformance: `node tests/conformance/sigma.ts [--store duckdb|elasticsearch] CASES.jsonl…`. Each case's rule goes through the
 * compiler, its events through the store; what the store finds and what the filter says in process are both held
 * against what the case expects. Fields are taken as they are: a case brings documents, not our events. Elasticsearch is
 * the cluster of VONGLAU_TEST_ES, else a server that is started for it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Event, Scalar } from '../../ingest/event.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { openElasticsearch } from '../../ingest/store/elasticsearch.ts'
import { and, eq, type Filter } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { type EventStore, SYSTEM } from '../../ingest/store/store.ts'
import { compileFilter } from '../../rules/sigma/compile.ts'
import { NotYet } from '../../rules/sigma/error.ts'
import { parseSigma } from '../../rules/sigma/parse.ts'
import { type Cluster, randomPrefix, removeAll, shareCluster, testCluster } from '../servers/cluster.ts'

interface Case {
  readonly id: string
  readonly rule: string
  readonly events: readonly { readonly [field: string]: unknown }[]
  readonly expect: readonly boolean[]
  readonly contested?: boolean
}
export interface Result {
  readonly id: string
  readonly outcome: 'ok' | 'FAIL' | 'skip'
  readonly reason?: string
}

/** Nested objects as dotted names; what is null is not there. */
const flatten = (value: unknown, name = '', into: Event = {}): Event => {
  if (value === null || value === undefined) return into
  if (Array.isArray(value)) {
    const scalars = value.filter((each): each is Scalar => ['string', 'number', 'boolean'].includes(typeof each))
    if (scalars.length) into[name] = scalars
    for (const each of value) if (typeof each === 'object') flatten(each, name, into)
  } else if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) flatten(inner, name === '' ? key : `${name}.${key}`, into)
  } else into[name] = value as Scalar
  return into
}

const CASE = 'conformance.case'

const compiled = (each: Case): Filter | Result => {
  try {
    const documents = parseSigma(each.rule, 'rule.yml')
    const [document] = documents
    if (documents.length !== 1 || document?.kind !== 'rule')
      return { id: each.id, outcome: 'skip', reason: 'a correlation: it is tested in tests/rules' }
    return compileFilter(document, { fields: 'as-is' })
  } catch (error) {
    if (error instanceof NotYet) return { id: each.id, outcome: 'skip', reason: `not there yet: ${error.part}` }
    return {
      id: each.id,
      outcome: each.contested ? 'skip' : 'FAIL',
      reason: `${each.contested ? 'contested: ' : ''}${(error as Error).message}`,
    }
  }
}

export const runCases = async (cases: readonly Case[], store: EventStore): Promise<Result[]> => {
  const time = Date.UTC(2026, 0, 1)
  const documents = cases.map((each) => each.events.map((event) => flatten(event)))
  const events = documents.flatMap((list, n) =>
    list.map((event, m): Event => ({ ...event, '@timestamp': time + m, 'event.id': `${n}:${m}`, [CASE]: n })),
  )
  for (let at = 0; at < events.length; at += 5000)
    await store.append({ events: events.slice(at, at + 5000), offsets: [] }, time)
  const out: Result[] = []
  for (const [n, each] of cases.entries()) {
    const { id } = each
    const filter = compiled(each)
    if ('outcome' in filter) {
      out.push(filter)
      continue
    }
    const found = new Set<unknown>()
    for await (const chunk of store.match(SYSTEM, { filter: and(eq(CASE, n), filter), fields: ['event.id'] }))
      for (const event of chunk) found.add(event['event.id'])
    const inProcess = compile(filter)
    const wrong = each.expect.flatMap((expected, m) => {
      const [stored, here] = [found.has(`${n}:${m}`), inProcess(documents[n]![m]!)]
      if (stored === expected && here === expected) return []
      return stored === here
        ? [`event ${m}: expected ${expected}, found ${stored}`]
        : [`event ${m}: expected ${expected}, the store says ${stored}, in process ${here}`]
    })
    if (wrong.length === 0) out.push({ id, outcome: 'ok' })
    else if (each.contested) out.push({ id, outcome: 'skip', reason: 'contested' })
    else out.push({ id, outcome: 'FAIL', reason: wrong.join('; ') })
  }
  return out
}

export const readCases = (file: string): Case[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as Case]))

/** The cases that were made by others, where they are beside the repository. */
export const readSamples = (): Case[] | undefined => {
  const folder = join(import.meta.dirname, '../../../shared/samples/sigma/cases')
  if (!existsSync(folder)) return undefined
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  return files.length ? files.flatMap((name) => readCases(join(folder, name))) : undefined
}

export const withDuckdb = async <T>(use: (store: EventStore) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  const store = await openDuckdb({ folder, wait: 0 })
  try {
    return await use(store)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In indices of their own, which are removed afterwards. */
export const withElasticsearch = async <T>(cluster: Cluster, use: (store: EventStore) => Promise<T>): Promise<T> => {
  const prefix = randomPrefix()
  const store = await openElasticsearch({ ...cluster, prefix, clock: Date.now, warn: console.warn, wait: 0 })
  try {
    return await use(store.events)
  } finally {
    await store.close()
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  }
}

export const summary = (results: readonly Result[]): string => {
  const count = (outcome: Result['outcome']) => results.filter((each) => each.outcome === outcome).length
  return `${count('ok')} passed, ${count('FAIL')} failed, ${count('skip')} skipped`
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { store: { type: 'string', default: 'duckdb' } },
  })
  if (!['duckdb', 'elasticsearch'].includes(values.store) || positionals.length === 0) {
    console.error('usage: node tests/conformance/sigma.ts [--store duckdb|elasticsearch] CASES.jsonl…')
    process.exit(2)
  }
  const run = (store: EventStore) => runCases(positionals.flatMap(readCases), store)
  const end = values.store === 'elasticsearch' && !process.env['VONGLAU_TEST_ES'] ? shareCluster() : undefined
  let results: Result[]
  try {
    results =
      end || values.store === 'elasticsearch'
        ? await withElasticsearch(await testCluster(), run)
        : await withDuckdb(run)
  } finally {
    await end?.()
  }
  for (const { outcome, id, reason } of results) console.log(`${outcome} ${id}${reason ? ` ${reason}` : ''}`)
  console.log(summary(results))
  process.exitCode = results.some(({ outcome }) => outcome === 'FAIL') ? 1 : 0
}
