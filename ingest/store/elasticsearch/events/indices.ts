/** The indices of events: one for each session and UTC day of ingest. */
import type { Client, estypes } from '@elastic/elasticsearch'
import { type Day, StoreRefused } from '../../store.ts'
import { insist, kindOf } from '../connect.ts'
import { learnedIndex } from './learned.ts'
import { createIndex } from '../sessions/records.ts'
import { MAPPINGS, type SchemaOptions, settings } from './schema.ts'

/** Every index of events, for reading. */
export const aliasOf = (prefix: string): string => `${prefix}-events`

/** 'YYYY-MM-DD', UTC. */
export const dayAt = (ingested: number): string => new Date(ingested).toISOString().slice(0, 10)

/** The indices of a day of ingest, of every session. */
export const patternOf = (prefix: string, day: string): string => `${aliasOf(prefix)}-${day.replaceAll('-', '.')}-*`

/** The index that a session writes the events of a day to; a further one where it had to give one up. */
export const indexName = (prefix: string, day: string, session: string, nth: number): string =>
  patternOf(prefix, day).replace('*', nth ? `${session}-${nth}` : session)

/** The day of an index by its name. */
export const dayOf = (index: string): string | undefined => {
  const found = /-events-(\d{4})\.(\d\d)\.(\d\d)-[^.]*$/.exec(index)
  return found ? `${found[1]}-${found[2]}-${found[3]}` : undefined
}

/** The alias that only one index has, for writing: an index that somebody deleted is not made again by a late write. */
export const writeAlias = (index: string): string => `${index}.w`

export const createEventIndex = (
  client: Client,
  prefix: string,
  index: string,
  schema: SchemaOptions,
): Promise<boolean> =>
  createIndex(client, index, {
    settings: settings(schema) as estypes.IndicesIndexSettings,
    mappings: MAPPINGS as unknown as estypes.MappingTypeMapping,
    aliases: { [aliasOf(prefix)]: {}, [writeAlias(index)]: {} },
  })

/** The days of ingest, oldest first, and the indices of each. */
export const byDay = async (client: Client, prefix: string): Promise<Map<string, string[]>> => {
  const found = await insist(client, 'listing the indices of events', () =>
    client.indices.get({ index: aliasOf(prefix), ignore_unavailable: true, features: ['aliases'] }),
  )
  const out = new Map<string, string[]>()
  for (const index of Object.keys(found).sort()) {
    const day = dayOf(index)
    if (day !== undefined) out.set(day, [...(out.get(day) ?? []), index])
  }
  return new Map([...out].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export const listDays = async (client: Client, prefix: string): Promise<Day[]> => {
  const days = await byDay(client, prefix)
  if (days.size === 0) return []
  const index = aliasOf(prefix)
  const what = 'counting events'
  const ask = () =>
    insist(client, what, () => client.indices.stats({ index, metric: ['docs', 'store'], level: 'indices' }))
  let stats = await ask()
  const without = [...days.values()].flat().filter((name) => !stats.indices?.[name]?.primaries?.docs)
  let coming: ReadonlySet<string> = new Set()
  if (without.length > 0) {
    // The shard of one that was made just now is on its way.
    const waiting = { index: without, wait_for_status: 'yellow', timeout: '3s' } as const
    await insist(client, what, () => client.cluster.health(waiting, { ignore: [404, 408] }))
    coming = await beingMade(client, without)
    stats = await ask()
  }
  return [...days].map(([day, names]) => {
    let [events, bytes] = [0, 0]
    let problem: string | undefined
    for (const name of names) {
      const of = stats.indices?.[name]
      // Of an index whose first copy is on no node that runs, nothing is known.
      if (!of?.primaries?.docs && !coming.has(name))
        problem = `the shards of ${name} are on no node that runs: start that node again, or restore the index from a snapshot`
      events += of?.primaries?.docs?.count ?? 0
      bytes += of?.total?.store?.size_in_bytes ?? 0
    }
    return { day, events, bytes, ...(problem ? { problem } : {}) }
  })
}

/** ms that a busy cluster may take to give a new index its shards. */
const MAKING = 60_000
/** Those of `indices` that no node ever had, for they were made just now. */
const beingMade = async (client: Client, indices: readonly string[]): Promise<ReadonlySet<string>> => {
  const shards = await insist(client, 'looking where shards are', () =>
    client.cat.shards(
      {
        index: [...indices],
        format: 'json',
        time: 'ms',
        h: ['index', 'prirep', 'unassigned.reason', 'unassigned.for'],
      },
      { ignore: [404] },
    ),
  )
  return new Set(
    (Array.isArray(shards) ? shards : [])
      .filter(
        (each) =>
          each.prirep === 'p' &&
          each['unassigned.reason'] === 'INDEX_CREATED' &&
          Number.parseInt(each['unassigned.for'] ?? '', 10) < MAKING,
      )
      .map((each) => each.index!),
  )
}

const ANEW = /^(.*?)(?:-anew)?-events-(\d{4}\.\d\d\.\d\d-[^.]*?)(?:-anew\d+)?$/
let nth = 0
/**
 * What an index is called that is written anew: nobody else's, so that two who do it do not write into one, and no name that the
 * template of the indices of events takes, which would show it to everybody at once.
 */
export const nextOf = (index: string): string => {
  const [, prefix, rest] = ANEW.exec(index)!
  return `${prefix}-anew-events-${rest}-anew${Date.now()}${String(process.pid % 100_000).padStart(5, '0')}${++nth % 1000}`
}
/** What is, or was, in the place of an index or on its way there; before, they had the name of an index of events. */
export const anewOf = (index: string): string[] => {
  const [, prefix, rest] = ANEW.exec(index)!
  return [`${prefix}-anew-events-${rest}-anew*`, `${prefix}-events-${rest}-anew*`]
}

/**
 * Removes what was begun in the place of an index and has not taken it: of one that was killed, or of one that still writes,
 * which then breaks off. By its alias for writing, for who has just finished has none any more.
 */
export const removeUnfinished = async (client: Client, prefix: string, index: string): Promise<void> => {
  const what = 'removing an index that was not finished'
  const found = await insist(client, what, () =>
    client.indices.get({
      index: anewOf(index),
      ignore_unavailable: true,
      allow_no_indices: true,
      features: ['aliases'],
    }),
  )
  for (const [name, { aliases }] of Object.entries(found)) {
    if (name === index) continue
    const alias = writeAlias(name)
    if (aliases?.[alias]) {
      const ended = await insist(client, what, () =>
        client.indices.updateAliases({ actions: [{ remove: { index: name, alias, must_exist: true } }] }),
      ).then(
        () => true,
        (error) => {
          if (kindOf(error) !== 'missing') throw error
          return false
        },
      )
      if (!ended) continue
    } else if (aliases?.[aliasOf(prefix)] && (ANEW_AT_ALL.test(index) || !(await client.indices.exists({ index }))))
      continue
    await insist(client, what, () => client.indices.delete({ index: name, ignore_unavailable: true }))
  }
}
const ANEW_AT_ALL = /-anew\d+$/

/** Rejects for the newest day. A day that is not there is no error. */
export const dropDay = async (client: Client, prefix: string, day: string): Promise<void> => {
  const days = await byDay(client, prefix)
  if (day === [...days.keys()].at(-1))
    throw new StoreRefused(`${day} cannot be dropped: it is the newest day, which events are written to`)
  const names = days.get(day) ?? []
  if (names.length === 0) return
  const index = [...names, learnedIndex(prefix, day)]
  await insist(client, `deleting the events of ${day}`, () =>
    client.indices.delete({ index, ignore_unavailable: true }),
  )
  for (const name of names) await removeUnfinished(client, prefix, name)
}
