/**
 * A day is written anew with what must stay: each of its indices into one beside it that no alias names, which then takes its
 * place in one step of the cluster. The server copies, so ids, ingest times and what lies in the rest stay as they are.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Filter } from '../filter.ts'
import { StoreError } from '../store.ts'
import { explain, insist } from './connect.ts'
import { toDsl } from './dsl.ts'
import { aliasOf, byDay, dropDay } from './indices.ts'
import { type SchemaOptions, settings } from './schema.ts'

/** ms that the copying of a day may take. */
const LONG = 3_600_000

export interface KeepOptions {
  readonly client: Client
  readonly prefix: string
  readonly schema: SchemaOptions
  /** Fields that some index was made without. */
  readonly lacking: () => ReadonlySet<string>
}

/** Answers how many events have stayed; where none, the day is dropped. */
export const keepOf = async (options: KeepOptions, day: string, stay: Filter): Promise<number> => {
  const { client, prefix } = options
  const days = await byDay(client, prefix)
  if (day === [...days.keys()].at(-1))
    throw new StoreError(`${day} cannot be written anew: it is the newest day, which events are written to`)
  let stayed = 0
  for (const index of days.get(day) ?? []) stayed += await anew(options, index, stay)
  if (stayed === 0) await dropDay(client, prefix, day)
  return stayed
}

/** Of the first, of the second time, and so on: one that an earlier try has left is never taken for whole. */
const nextOf = (index: string): string => {
  const [, name, nth] = /^(.*?)(?:-anew(\d+))?$/.exec(index)!
  return `${name}-anew${Number(nth ?? 0) + 1}`
}

const anew = async ({ client, prefix, schema, lacking }: KeepOptions, index: string, stay: Filter): Promise<number> => {
  const what = `writing ${index} anew`
  const next = nextOf(index)
  // Nobody adds what the copy would not have.
  await insist(client, what, () => client.indices.addBlock({ index, block: 'write' }))
  await insist(client, what, () => client.indices.refresh({ index }))
  await insist(client, what, () => client.indices.delete({ index: next, ignore_unavailable: true }))
  const found = await insist(client, what, () => client.indices.getMapping({ index }))
  await insist(client, what, () =>
    client.indices.create({
      index: next,
      settings: settings(schema) as estypes.IndicesIndexSettings,
      mappings: found[index]!.mappings,
    }),
  )
  let stayed = 0
  try {
    const query = toDsl(stay, 'all', lacking()).query as estypes.QueryDslQueryContainer
    const answer = await client.reindex(
      { source: { index, query }, dest: { index: next }, refresh: true, wait_for_completion: true },
      { requestTimeout: LONG },
    )
    if (answer.timed_out || answer.failures?.length || answer.total !== (answer.created ?? 0) + (answer.updated ?? 0))
      throw new StoreError(
        `${what}: ${answer.failures?.length ?? 0} of ${answer.total} events could not be copied (${JSON.stringify(answer.failures?.[0] ?? '').slice(0, 300)}); the day stays as it is`,
      )
    stayed = answer.total ?? 0
  } catch (error) {
    await client.indices.delete({ index: next, ignore_unavailable: true }).catch(() => {})
    throw error instanceof StoreError ? error : explain(client, what, error)
  }
  await insist(client, what, async (again) => {
    // The answer to the first try was lost: then the old one is gone.
    if (again && !(await client.indices.exists({ index }))) return
    await client.indices.updateAliases({
      actions: [{ add: { index: next, alias: aliasOf(prefix) } }, { remove_index: { index } }],
    })
  })
  return stayed
}
