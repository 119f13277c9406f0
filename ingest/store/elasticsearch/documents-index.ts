/** The index of a collection: made with the first write, brought up to the program's fields when it is first used. */
import { randomUUID } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import { insist, kindOf } from './connect.ts'
import { mappingOf, nativeId, toSource } from './documents-fields.ts'
import { openReader } from './documents-read.ts'
import { over } from './documents-write.ts'
import { createIndex, ONE_SHARD } from './session-records.ts'

export const openIndex = (client: Client, index: string, fields: readonly string[]) => {
  let looked: Promise<boolean> | undefined
  let created: Promise<void> | undefined
  const mappings = { ...mappingOf(fields), _meta: { fields } }

  /** Answers whether the index is there. Fields that became searchable with this version are filled, once. */
  const look = async (): Promise<boolean> => {
    let filled: readonly string[] | undefined
    try {
      const found = await insist(client, `reading ${index}`, () => client.indices.getMapping({ index }))
      filled = Object.values(found)[0]?.mappings._meta?.['fields'] as readonly string[] | undefined
    } catch (error) {
      if (kindOf(error) === 'missing') return false
      throw error
    }
    if (filled && fields.every((field) => filled.includes(field))) return true
    const what = `making ${index} searchable by fields that are new with this version`
    const { properties } = mappings
    await insist(client, what, () => client.indices.putMapping({ index, ...(properties ? { properties } : {}) }))
    await insist(client, what, () => client.indices.refresh({ index }))
    for await (const hits of openReader(client, index).scan({ match_all: {} })) {
      const operations = hits.flatMap(({ stored: { id, doc, version } }) => [
        { index: { _id: nativeId(id), ...over(version) } },
        toSource(id, doc, randomUUID(), fields),
      ])
      // A conflict is a newer one, which has the fields already.
      await insist(client, what, () => client.bulk({ index, operations }))
    }
    await insist(client, what, () => client.indices.putMapping({ index, _meta: mappings._meta }))
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
  return {
    forReading,
    forWriting: (): Promise<void> => {
      const mine = (created ??= (async () => {
        if (!(await createIndex(client, index, { settings: ONE_SHARD, mappings }))) await forReading()
      })())
      return mine.catch((error) => {
        if (created === mine) created = undefined
        throw error
      })
    },
    addAlias: (name: string) => insist(client, `taking ${index} over`, () => client.indices.putAlias({ index, name })),
    removeAlias: (name: string) =>
      insist(client, `giving ${index} back`, async () => {
        try {
          await client.indices.deleteAlias({ index, name })
        } catch (error) {
          if (kindOf(error) !== 'missing') throw error
        }
      }),
  }
}
