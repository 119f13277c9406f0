/** The index of a collection: made with the first write, brought up to the program's fields when it is first used. */
import type { Client } from '@elastic/elasticsearch'
import { insist, kindOf } from '../connect.ts'
import { mappingOf, nativeId, toSource } from './fields.ts'
import { openReader } from './read.ts'
import { overVersion } from './write.ts'
import { createIndex, ONE_SHARD } from '../sessions/records.ts'

/**
 * What everybody writes through who holds no lease: a server makes an index by itself where a document names one that is
 * not there, without our mapping, but never one for an alias.
 */
export const everyone = (index: string): string => `${index}@all`

export const openIndex = (client: Client, index: string, fields: readonly string[], patience = 30_000) => {
  const ask = <T>(what: string, work: () => Promise<T>) => insist(client, what, work, { patience })
  let looked: Promise<boolean> | undefined
  let created: Promise<void> | undefined
  const mappings = { ...mappingOf(fields), _meta: { fields } }

  /** Answers whether the index is there. Fields that became searchable with this version are filled, once. */
  const look = async (): Promise<boolean> => {
    let filled: readonly string[] | undefined
    try {
      const found = await ask(`reading ${index}`, () => client.indices.getMapping({ index }))
      filled = Object.values(found)[0]?.mappings._meta?.['fields'] as readonly string[] | undefined
    } catch (error) {
      if (kindOf(error) === 'missing') return false
      throw error
    }
    if (filled && fields.every((field) => filled.includes(field))) return true
    const what = `making ${index} searchable by fields that are new with this version`
    const { properties } = mappings
    await ask(what, () => client.indices.putMapping({ index, ...(properties ? { properties } : {}) }))
    await ask(what, () => client.indices.refresh({ index }))
    for await (const hits of openReader(client, index).scan({ match_all: {} })) {
      const operations = hits.flatMap(({ stored: { id, doc, version }, marks }) => [
        { index: { _id: nativeId(id), ...overVersion(version) } },
        toSource(id, doc, marks, fields),
      ])
      // A conflict is a newer one, which has the fields already.
      await ask(what, () => client.bulk({ index, operations }))
    }
    await ask(what, () => client.indices.putMapping({ index, _meta: mappings._meta }))
    return true
  }
  const forReading = async (): Promise<void> => {
    const mine = (looked ??= look())
    const there = await mine.catch((error) => {
      if (looked === mine) looked = undefined
      throw error
    })
    if (!there && looked === mine) looked = undefined
  }
  const addAlias = (name: string) => ask(`taking ${index} over`, () => client.indices.putAlias({ index, name }))
  return {
    forReading,
    /** The index is gone that was there. */
    forget: () => {
      created = undefined
      looked = undefined
    },
    forWriting: (): Promise<void> => {
      const mine = (created ??= (async () => {
        if (
          await createIndex(
            client,
            index,
            { settings: ONE_SHARD, mappings, aliases: { [everyone(index)]: {} } },
            { patience },
          )
        )
          return
        await forReading()
        await addAlias(everyone(index))
      })())
      return mine.catch((error) => {
        if (created === mine) created = undefined
        throw error
      })
    },
    addAlias,
    removeAlias: (name: string) =>
      ask(`giving ${index} back`, async () => {
        try {
          await client.indices.deleteAlias({ index, name })
        } catch (error) {
          if (kindOf(error) !== 'missing') throw error
        }
      }),
  }
}
